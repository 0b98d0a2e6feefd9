//! For tests only: an application on a fresh real database, a scripted carrier, a webhook sink and a fixed clock.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot be set up should panic")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use app::states::OrderStates;
use app::webhooks::EventBody;
use app::{App, Caller, Clock, Credentials, Options, Parts, Random, Vault};
use axum::Router;
use axum::body::Body;
use domain::channel::Dialect;
use domain::connector::Connector;
use domain::{Secret, Timestamp};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value as Json;
use store::blobs::{BlobConfig, Blobs};
use store::testing::TestStore;
use tower::ServiceExt;

pub use store::on_both_engines;
pub use store::testing::{Engine, Fault, Proxy, exchanges, statements};

pub mod carrier;
pub mod geocoder;
pub mod sink;

/// The setup every test starts from: tenant `acme` with one key, two integrations, one location, and the carrier
/// account `house` (`local`); tenant `other` with a key of its own. Tests with a [`carrier::Scripted`] replace
/// `carrier = "local"` and its settings, see [`scripted_setup`].
pub const SETUP: &str = r#"
[[tenant]]
id = "acme"
name = "Acme GmbH"
currency = "EUR"
time_zone = "Europe/Berlin"
default_parcel = { weight_kg = 1.0 }

[[tenant.key]]
name = "shop"
public = "pub-acme"
secret = "sec-acme"
scopes = ["*"]

[[tenant.integration]]
id = 7
name = "Web shop"

[[tenant.integration]]
id = 8
name = "Market stall"

[[tenant.location]]
external_id = "oss"
name = "Acme warehouse"
aliases = { sendcloud = "4711" }
address = { street1 = "Havenweg", house_number = "1", postal_code = "5347AB", city = "Oss", country = "NL" }
contact = { name = "Dispatch", phone = "+31 85 555 0100" }

[[tenant.carrier_account]]
id = "house"
carrier = "local"
settings = { rate_sheet = "rates.csv", sscc_prefix = "4012345", carrier_name = "House Parcel" }

[[tenant]]
id = "other"
name = "Other Ltd"
currency = "EUR"
time_zone = "UTC"

[[tenant.key]]
name = "shop"
public = "pub-other"
secret = "sec-other"
scopes = ["*"]

[[tenant.integration]]
id = 7
name = "Their shop"
"#;

/// [`SETUP`] with the scripted carrier behind account `house`.
pub fn scripted_setup() -> String {
    let settings =
        "settings = { rate_sheet = \"rates.csv\", sscc_prefix = \"4012345\", carrier_name = \"House Parcel\" }";
    SETUP.replace("carrier = \"local\"", "carrier = \"scripted\"").replace(settings, "settings = {}")
}

/// The rate sheet of [`SETUP`].
pub const RATES: &str = "\
service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,name,routing_code
standard,home,NL,,0,31.5,4.90,EUR,2,Standard,NL-1
express,home,NL,,0,31.5,9.90,EUR,1,Express,NL-X
standard,neighbours,DE;BE;FR;LU,,0,31.5,8.50,EUR,3,Standard,EU-2
standard,world,*,,0,31.5,24.00,EUR,7,Standard,W-9
";

/// Where the fixed clock begins: a Monday, 11 o'clock in Berlin.
pub const NOW: &str = "2026-03-02T10:00:00Z";

/// What a test may choose before the application is built.
pub struct TestAppBuilder {
    engine: Engine,
    connectors: Vec<Arc<dyn Connector>>,
    event_bodies: Vec<Arc<dyn EventBody>>,
    order_states: Vec<Arc<dyn OrderStates>>,
    setup: String,
    files: HashMap<String, String>,
    options: Options,
    clock: Clock,
}

impl TestAppBuilder {
    /// A clock that others look at too.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The carriers that can be asked.
    #[must_use]
    pub fn connectors(mut self, connectors: Vec<Arc<dyn Connector>>) -> Self {
        self.connectors = connectors;
        self
    }

    /// How dialects word their webhooks.
    #[must_use]
    pub fn event_bodies(mut self, event_bodies: Vec<Arc<dyn EventBody>>) -> Self {
        self.event_bodies = event_bodies;
        self
    }

    /// The dialects that derive where an order stands.
    #[must_use]
    pub fn order_states(mut self, order_states: Vec<Arc<dyn OrderStates>>) -> Self {
        self.order_states = order_states;
        self
    }

    /// Another setup file than [`SETUP`].
    #[must_use]
    pub fn setup(mut self, setup: impl Into<String>) -> Self {
        self.setup = setup.into();
        self
    }

    /// A file the setup file names.
    #[must_use]
    pub fn file(mut self, name: &str, content: &str) -> Self {
        self.files.insert(name.to_owned(), content.to_owned());
        self
    }

    /// What operators may set.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Opens a fresh database and applies the setup.
    pub async fn build(self) -> TestApp {
        let store = TestStore::new(self.engine).await;
        self.build_on(store).await
    }

    /// Opens a fresh PostgreSQL database behind a proxy that can fail, and applies the setup.
    pub async fn build_behind_a_proxy(self) -> (TestApp, Proxy) {
        let (store, proxy) = TestStore::behind_a_proxy("?tcp_user_timeout=1").await;
        (self.build_on(store).await, proxy)
    }

    async fn build_on(self, store: TestStore) -> TestApp {
        drop(rustls::crypto::ring::default_provider().install_default());
        let random = Random::default();
        let clock = self.clock.clone();
        let blobs = tempdir();
        let app = App::new(Parts {
            store: store.store.clone(),
            blobs: Blobs::open(&BlobConfig::Folder(blobs.clone())).expect("a folder for documents"),
            clock: clock.clone(),
            vault: Vault::new(&[7; 32], random.clone()).expect("a valid key"),
            random,
            connectors: self.connectors.clone(),
            event_bodies: self.event_bodies,
            order_states: self.order_states,
            http: app::guard::client(self.options.allow_private_webhooks).expect("a client"),
            options: self.options,
        });
        let files = |name: &str| self.files.get(name).cloned().ok_or_else(|| format!("no file {name}"));
        let setup = app::setup::file::read(&self.setup, &files, &|_| None, &self.connectors);
        let setup = setup.unwrap_or_else(|problems| panic!("the setup file has mistakes: {problems:#?}"));
        app.apply(setup).await.expect("the setup is applied");
        TestApp { app, clock, router: Router::new(), store, blobs }
    }
}

/// A clock that stands at [`NOW`] until a test moves it.
pub fn standing() -> Clock {
    Clock::fixed(NOW.parse().expect("a valid time"))
}

fn tempdir() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("waybill-test-{}", Random::default().token::<9>()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

/// An application on a fresh database, and the routes under test.
pub struct TestApp {
    /// The application.
    pub app: App,
    /// Its clock; move it with [`Clock::advance`].
    pub clock: Clock,
    /// The folder documents lie in.
    pub blobs: std::path::PathBuf,
    router: Router,
    store: TestStore,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.blobs));
    }
}

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is empty.
    pub fn json(&self) -> Json {
        if self.bytes.is_empty() {
            return Json::Null;
        }
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Status and body, for a snapshot.
    pub fn story(&self) -> Json {
        serde_json::json!({ "status": self.status.as_u16(), "body": self.json() })
    }
}

impl TestApp {
    /// What a test may choose first.
    pub fn builder(engine: Engine) -> TestAppBuilder {
        TestAppBuilder {
            engine,
            connectors: Vec::new(),
            event_bodies: Vec::new(),
            order_states: Vec::new(),
            setup: SETUP.to_owned(),
            files: HashMap::from([("rates.csv".to_owned(), RATES.to_owned())]),
            options: Options { allow_private_webhooks: true, ..Options::default() },
            clock: standing(),
        }
    }

    /// Serves these routes in the test.
    #[must_use]
    pub fn serving(mut self, routes: impl FnOnce(App) -> Router) -> Self {
        self.router = routes(self.app.clone());
        self
    }

    /// The configuration of the database, for opening it again.
    pub fn store_config(&self) -> &store::Config {
        &self.store.config
    }

    /// The application of another process on the same database, documents and clock, with carriers of its own.
    pub async fn another(&self, connectors: Vec<Arc<dyn Connector>>) -> App {
        self.process(connectors, self.app.vault().clone()).await
    }

    /// The application of another process on the same database, documents and clock, with another key.
    pub async fn another_with(&self, vault: Vault) -> App {
        self.process(self.app.connectors().to_vec(), vault).await
    }

    async fn process(&self, connectors: Vec<Arc<dyn Connector>>, vault: Vault) -> App {
        App::new(Parts {
            store: store::Store::open(&self.store.config).await.expect("the database opens again"),
            blobs: Blobs::open(&BlobConfig::Folder(self.blobs.clone())).expect("a folder for documents"),
            clock: self.clock.clone(),
            vault,
            random: Random::default(),
            connectors,
            event_bodies: Vec::new(),
            order_states: Vec::new(),
            http: app::guard::client(true).expect("a client"),
            options: self.app.options().clone(),
        })
    }

    /// Who holds the key with this secret, in a dialect.
    pub async fn caller(&self, secret: &str, dialect: Dialect) -> Caller {
        let credentials = Credentials::Secret(Secret::new(secret));
        self.app.authenticate(&credentials, dialect).await.expect("a known key")
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.expect("routers do not fail");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a complete body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends a request with tenant `acme`'s key by HTTP Basic.
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        self.call_with("Basic cHViLWFjbWU6c2VjLWFjbWU=", method, path, body).await
    }

    /// Sends a request with an `Authorization` header.
    pub async fn call_with(&self, authorization: &str, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "waybill.example")
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(body.into())
            .expect("a valid request");
        self.send(request).await
    }

    /// GET with tenant `acme`'s key.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Body::empty()).await
    }

    /// POST of JSON with tenant `acme`'s key.
    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        self.call(Method::POST, path, body.to_string()).await
    }

    /// Runs every job until none has anything left to do.
    pub async fn run_jobs(&self) {
        self.app.run_jobs_until_idle().await.expect("the jobs run");
    }

    /// Now, by the fixed clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Something shared between a test and what it drives.
pub(crate) type Shared<T> = Arc<Mutex<T>>;
