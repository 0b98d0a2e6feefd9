//! Wiring: settings become a store, a vault, an application, and routes with the layers every request passes.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api::dialect::Patience;
use app::limits::RateLimit;
use app::mail::MailServer;
use app::{App, Clock, Options, Parts, Random, Vault};
use axum::{Router, middleware};
use carriers::sandbox::Sandbox;
use carriers::sandbox::journal::Journal;
use domain::Secret;
use domain::channel::Dialect;
use domain::connector::Connector;
use futures::TryStreamExt as _;
use http::{HeaderName, HeaderValue, StatusCode};
use store::blobs::{BlobConfig, Blobs};
use store::{Config, Store};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tower_http::trace::TraceLayer;

use crate::config::Settings;
use crate::{metrics, telemetry};

/// Connections of one node to PostgreSQL.
const POOL_SIZE: usize = 16;
/// What a dialect's own time limit is ahead of the one for everything else, so that the dialect answers.
const A_MOMENT: Duration = Duration::from_secs(1);
/// How long one step of a conversation with the mail server may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(15);
/// The file whose lock says that a `serve` owns the data folder.
const LOCK_FILE: &str = "serve.lock";
/// The installation's key in the data folder.
const KEY_FILE: &str = "waybill.key";

/// Which database the settings name.
pub(crate) fn store_config(settings: &Settings) -> Config {
    match &settings.database_url {
        Some(url) => Config::Postgres { url: url.reveal().to_owned(), pool_size: POOL_SIZE },
        None => Config::Sqlite { path: settings.data.join("waybill.db") },
    }
}

/// Where the settings put documents.
pub(crate) fn blob_config(settings: &Settings) -> BlobConfig {
    match settings.documents_url.as_deref() {
        None => BlobConfig::Folder(settings.data.join("documents")),
        Some(url) => match url.strip_prefix("file://") {
            Some(folder) => BlobConfig::Folder(folder.into()),
            None => BlobConfig::S3(url.to_owned()),
        },
    }
}

/// The key in a file.
fn key_in(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the installation's key {} cannot be read", path.display()))?;
    Ok(text.trim().as_bytes().to_vec())
}

/// The key before this one, if the settings name one.
fn previous_key(settings: &Settings) -> anyhow::Result<Option<Vec<u8>>> {
    match (&settings.previous_key, &settings.previous_key_file) {
        (Some(key), _) => Ok(Some(key.reveal().as_bytes().to_vec())),
        (None, Some(path)) => key_in(path).map(Some),
        (None, None) => Ok(None),
    }
}

/// The installation's key: from a setting, a file, or the data folder, where it is made at the first start.
fn key(settings: &Settings, random: &Random) -> anyhow::Result<Vec<u8>> {
    if let Some(key) = &settings.key {
        return Ok(key.reveal().as_bytes().to_vec());
    }
    let path = match &settings.key_file {
        Some(path) => path.clone(),
        None => settings.data.join(KEY_FILE),
    };
    if !path.exists() && settings.key_file.is_none() {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                writeln!(file, "{}", hex::encode(random.bytes::<32>()))?;
                file.sync_all()?;
            }
            // Another process made it between the two looks.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("the key file {} cannot be made", path.display())),
        }
    }
    key_in(&path)
}

/// The mail server, with the password that its file holds.
fn mail_server(settings: &Settings) -> anyhow::Result<Option<MailServer>> {
    let Some(mail) = &settings.mail else { return Ok(None) };
    let password = match (&mail.password, &mail.password_file) {
        (Some(password), _) => Some(password.clone()),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("smtp_password_file {} cannot be read", path.display()))?;
            Some(Secret::new(text.trim_end_matches(['\n', '\r'])))
        }
        (None, None) => None,
    };
    Ok(Some(MailServer {
        host: mail.host.clone(),
        port: mail.port,
        tls: mail.tls,
        login: mail.user.clone().zip(password),
        sender: mail.sender.clone(),
        timeout: MAIL_TIMEOUT,
    }))
}

/// What the installation's keys are used for.
pub(crate) fn vault(settings: &Settings, random: &Random) -> anyhow::Result<Vault> {
    let vault = Vault::new(&key(settings, random)?, random.clone())?;
    match previous_key(settings)? {
        Some(previous) => Ok(vault.with_previous(&previous)?),
        None => Ok(vault),
    }
}

/// Takes the data folder for this process; the lock lasts as long as the file is open.
pub(crate) fn own_data_folder(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("the lock file {} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => anyhow::bail!(
            "another waybill serves the data folder {}: stop it first, give this one a folder of its own with --data, \
             or run several nodes on PostgreSQL with --database-url",
            folder.display()
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("the lock file {} cannot be locked", path.display()))
        }
    }
}

/// The font for letters outside the embedded one.
pub(crate) fn fallback_font(path: Option<&Path>) -> anyhow::Result<Option<Arc<documents::FallbackFont>>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = std::fs::read(path).with_context(|| format!("fallback_font {} cannot be read", path.display()))?;
    let font = documents::FallbackFont::from_bytes(bytes)
        .map_err(|error| anyhow::anyhow!("fallback_font {}: {error}", path.display()))?;
    Ok(Some(Arc::new(font)))
}

/// The carriers of this version.
fn connectors(settings: &Settings, client: reqwest::Client) -> anyhow::Result<Vec<Arc<dyn Connector>>> {
    let allow_private = settings.allow_private_webhooks;
    let guard = Arc::new(move |url: &reqwest::Url| app::guard::refusal(url, allow_private));
    let http = carriers::Http::new(client, guard, Arc::new(|| Clock::System.now()));
    let Some(path) = &settings.sandbox_journal else { return Ok(carriers::all(&http)) };
    let journal =
        Journal::open(path).with_context(|| format!("sandbox_journal {} cannot be opened", path.display()))?;
    Ok(carriers::with(&http, Sandbox::with_journal(journal)))
}

/// Opens everything the settings name. `public_url` is where people reach this installation.
pub(crate) async fn open(settings: &Settings, public_url: String) -> anyhow::Result<App> {
    std::fs::create_dir_all(&settings.data)
        .with_context(|| format!("the data folder {} cannot be made", settings.data.display()))?;
    let random = Random::System;
    let options = Options {
        public_url,
        allow_private_webhooks: settings.allow_private_webhooks,
        rate_limit: RateLimit {
            reads_per_minute: settings.rate_limit_reads_per_minute,
            writes_per_minute: settings.rate_limit_writes_per_minute,
            writes_per_second: settings.rate_limit_writes_per_second,
        },
        fallback_font: fallback_font(settings.fallback_font.as_deref())?,
        carrier_timeout: settings.carrier_timeout,
        erased_kept: settings.erased_kept,
        rate_timeout: settings.rate_timeout,
        installation_secret: settings.installation_secret.clone(),
        shipments_prefix: settings.shipments_prefix.clone(),
        mail: mail_server(settings)?,
        ..Options::default()
    };
    let client = app::guard::client(settings.allow_private_webhooks).context("the HTTP client cannot be made")?;
    let app = App::new(Parts {
        store: Store::open(&store_config(settings)).await?,
        blobs: Blobs::open(&blob_config(settings))?,
        clock: Clock::System,
        vault: vault(settings, &random)?,
        random,
        connectors: connectors(settings, client.clone())?,
        event_bodies: api::event_bodies(),
        order_states: api::order_states(),
        http: client,
        options,
    });
    app.check_key().await?;
    Ok(app)
}

/// Names a request that came without a name.
#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let id = uuid::Uuid::now_v7().to_string();
        id.parse().ok().map(RequestId::new)
    }
}

/// The OpenAPI documents of every interface, the native one first.
fn references() -> Vec<(&'static str, &'static str)> {
    let spoken = Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Native);
    let all = std::iter::once(Dialect::Native).chain(spoken);
    all.filter_map(|dialect| Some((dialect.as_str(), api::openapi(dialect)?))).collect()
}

fn acts_as_csv(app: App, caller: app::Caller, filter: app::acts::ActFilter) -> axum::body::Body {
    let pieces = api::native::acts::export(app, caller, filter, api::native::export::FileFormat::Csv);
    axum::body::Body::from_stream(pieces.map_ok(|(bytes, _)| bytes))
}

/// Every route of a node that answers requests.
pub(crate) fn routes(app: App, settings: &Settings) -> Router {
    dashboard::router(app.clone(), api::native::import::file, acts_as_csv)
        .merge(guide::router(&references()))
        .fallback_service(api::router(app, settings.max_body_bytes))
}

/// The name of the header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name a client may give a request, in bytes.
const LONGEST_REQUEST_ID: usize = 128;

/// Drops a name that would spoil a log: too long, not visible ASCII, or one of several.
fn without_odd_name<B>(mut request: http::Request<B>) -> http::Request<B> {
    let is_good = |id: &HeaderValue| {
        (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    let mut names = request.headers().get_all(REQUEST_ID).iter();
    let is_kept = names.next().is_none_or(is_good) && names.next().is_none();
    if !is_kept {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// The layers every request passes: a count, a name, a span, a net under panics, and a time limit.
pub(crate) fn layered(routes: Router, time_limit: Duration) -> Router {
    let span = |request: &http::Request<axum::body::Body>| {
        let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or("");
        // The path of a public page holds its token, so only its first part is logged.
        let path: String = request.uri().path().chars().take(60).collect();
        let secret = ["/t/", "/d/", "/push/"].into_iter().find(|first| path.starts_with(first));
        let path = secret.map_or(path, str::to_owned);
        // At the level of an error, so that a log of errors alone names its requests too.
        let span = tracing::error_span!("request", id, method = %request.method(), path);
        telemetry::adopt(&span, request.headers());
        span
    };
    let patience = Patience { request: time_limit, body: time_limit / 2 };
    let layers = ServiceBuilder::new()
        .map_request(without_odd_name::<axum::body::Body>)
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time_limit + A_MOMENT))
        .layer(RequestBodyTimeoutLayer::new(time_limit + A_MOMENT))
        .layer(axum::Extension(patience));
    routes.layer(layers).layer(middleware::from_fn(metrics::measure))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt as _;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    async fn fails() -> &'static str {
        tracing::error!("it went wrong");
        "done"
    }

    async fn panics() -> &'static str {
        panic!("a mistake of ours")
    }

    fn sample() -> Router {
        let routes = Router::new().route("/fails", get(fails)).route("/panics", get(panics));
        layered(routes, Duration::from_mins(1))
    }

    async fn ask(path: &str, names: &[&str]) -> (StatusCode, String) {
        let mut request = Request::get(path);
        for name in names {
            request = request.header(REQUEST_ID, HeaderValue::from_bytes(name.as_bytes()).unwrap());
        }
        let answer = sample().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers().get_all(REQUEST_ID).iter().count(), 1, "{path} {names:?}");
        (answer.status(), answer.headers()[REQUEST_ID].to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn every_answer_names_its_request_as_the_client_did() {
        let longest = "~".repeat(LONGEST_REQUEST_ID);
        for name in ["a", "shop-42/!", longest.as_str()] {
            for (path, status) in [("/fails", 200), ("/nowhere", 404), ("/panics", 500)] {
                assert_eq!(ask(path, &[name]).await, (StatusCode::from_u16(status).unwrap(), name.to_owned()));
            }
        }
    }

    #[tokio::test]
    async fn a_name_that_would_spoil_a_log_is_replaced() {
        let too_long = "~".repeat(LONGEST_REQUEST_ID + 1);
        for names in [&[][..], &[""], &["two words"], &["caf\u{e9}"], &[too_long.as_str()], &["one", "two"]] {
            for path in ["/fails", "/nowhere", "/panics"] {
                let (_, name) = ask(path, names).await;
                assert!(uuid::Uuid::parse_str(&name).is_ok(), "{names:?} became {name}");
            }
        }
    }

    #[tokio::test]
    async fn a_log_of_errors_alone_names_the_request_in_every_line() {
        let log = Log::default();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false);
        let _logging = tracing::subscriber::set_default(lines.with_writer(log.clone()).finish());
        ask("/fails", &["shop-42"]).await;
        ask("/panics", &["shop-42"]).await;
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("it went wrong") && text.contains("a mistake of ours"), "{text}");
        assert!(text.lines().all(|line| line.contains("id=\"shop-42\"")), "{text}");
    }
}
