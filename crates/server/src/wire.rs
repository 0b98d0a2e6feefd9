//! Wiring: settings become a store, a vault, an application, and routes with the layers every request passes.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api::dialect::Patience;
use app::limits::RateLimit;
use app::{App, Clock, Options, Parts, Random, Vault};
use axum::Router;
use domain::connector::Connector;
use http::{HeaderName, StatusCode};
use store::blobs::{BlobConfig, Blobs};
use store::{Config, Store};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tower_http::trace::TraceLayer;

use crate::config::Settings;

/// Connections of one node to PostgreSQL.
const POOL_SIZE: usize = 16;
/// What a dialect's own time limit is ahead of the one for everything else, so that the dialect answers.
const A_MOMENT: Duration = Duration::from_secs(1);
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
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("the installation's key {} cannot be read", path.display()))?;
    Ok(text.trim().as_bytes().to_vec())
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

fn fallback_font(path: Option<&Path>) -> anyhow::Result<Option<Arc<documents::FallbackFont>>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = std::fs::read(path).with_context(|| format!("fallback_font {} cannot be read", path.display()))?;
    let font = documents::FallbackFont::from_bytes(bytes)
        .map_err(|error| anyhow::anyhow!("fallback_font {}: {error}", path.display()))?;
    Ok(Some(Arc::new(font)))
}

/// The carriers of this version.
pub(crate) fn connectors() -> Vec<Arc<dyn Connector>> {
    carriers::all()
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
        ..Options::default()
    };
    Ok(App::new(Parts {
        store: Store::open(&store_config(settings)).await?,
        blobs: Blobs::open(&blob_config(settings))?,
        clock: Clock::System,
        vault: Vault::new(&key(settings, &random)?, random.clone())?,
        random,
        connectors: connectors(),
        event_bodies: api::event_bodies(),
        http: app::guard::client(settings.allow_private_webhooks).context("the HTTP client cannot be made")?,
        options,
    }))
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

/// Every route, and the layers every request passes: a name, a span, a time limit, and a net under panics.
pub(crate) fn routes(app: App, settings: &Settings) -> Router {
    let name = HeaderName::from_static("x-request-id");
    let named = name.clone();
    let span = move |request: &http::Request<axum::body::Body>| {
        let id = request.headers().get(&named).and_then(|id| id.to_str().ok()).unwrap_or("");
        // The path of a public page holds its token, so only its first part is logged.
        let path: String = request.uri().path().chars().take(60).collect();
        let path = if path.starts_with("/t/") || path.starts_with("/d/") { path[..3].to_owned() } else { path };
        tracing::info_span!("request", id, method = %request.method(), path)
    };
    let patience = Patience { request: settings.request_timeout, body: settings.request_timeout / 2 };
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(name.clone(), NewRequestId))
        .layer(PropagateRequestIdLayer::new(name))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, settings.request_timeout + A_MOMENT))
        .layer(RequestBodyTimeoutLayer::new(settings.request_timeout + A_MOMENT))
        .layer(axum::Extension(patience));
    dashboard::router(app.clone()).fallback_service(api::router(app, settings.max_body_bytes)).layer(layers)
}
