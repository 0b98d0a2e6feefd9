//! For tests: what connectors are handed, and the plumbing of the carriers' stand-ins. A stand-in is a small HTTP server that
//! behaves as the carrier's documents say, keeps what it was told, and can be made to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use domain::address::Address;
use domain::connector::{BookRequest, Goods, Parties, RateRequest};
use domain::document::{Dpi, Format};
use domain::measure::Weight;
use domain::parcel::Box as ParcelBox;
use domain::service::ServiceCode;
use serde_json::Value as Json;

use crate::{Http, Now};

/// A clock that stands.
pub fn standing(at: Timestamp) -> Arc<Now> {
    Arc::new(move || at)
}

/// What connectors are handed in a test: any http address may be asked.
pub fn handed(now: Arc<Now>) -> Http {
    drop(rustls::crypto::ring::default_provider().install_default());
    #[expect(clippy::disallowed_methods, reason = "a test asks its own servers only")]
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.unwrap_or_else(|error| panic!("a client cannot be made: {error}"));
    let guard = |url: &reqwest::Url| {
        let is_http = matches!(url.scheme(), "http" | "https");
        (!is_http).then(|| format!("{:?} is not http", url.scheme()))
    };
    Http::new(client, Arc::new(guard), now)
}

/// The same with a clock that stands at the beginning of 1970.
#[cfg(test)]
pub(crate) fn http() -> Http {
    handed(standing(Timestamp::UNIX_EPOCH))
}

/// How a stand-in misbehaves once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does nothing and answers with this status and this JSON.
    Says(u16, Json),
    /// It does nothing and answers 429, asking for a wait of so many seconds if there is a number.
    Busy(Option<u64>),
    /// It does what it was asked, and the connection breaks before the answer is through.
    DropsAfter,
    /// It does nothing, and the connection breaks.
    DropsBefore,
    /// It does what it was asked, and the answer is no JSON.
    Garbles,
    /// It takes so many milliseconds.
    Slow(u64),
}

/// A request as a stand-in sees it.
#[derive(Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path, decoded, step by step.
    pub path: Vec<String>,
    /// What stands behind the `?`.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as JSON; null when there is none.
    pub body: Json,
    /// Its body as it came.
    pub bytes: Bytes,
}

impl Asked {
    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The steps of the path as text.
    pub fn steps(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// What a stand-in does with a request.
pub trait Play: Send + 'static {
    /// The name of what is asked, by which troubles are set and calls are counted.
    fn name(&self, asked: &Asked) -> &'static str;
    /// Status and body.
    fn play(&mut self, asked: &Asked) -> (u16, Json);
}

struct Inner<P> {
    play: P,
    troubles: BTreeMap<&'static str, VecDeque<Trouble>>,
    calls: BTreeMap<&'static str, usize>,
}

/// A stand-in that listens on loopback; it ends when it is dropped.
pub struct Server<P> {
    /// Where it listens: `http://127.0.0.1:…`.
    pub url: String,
    inner: Arc<Mutex<Inner<P>>>,
    task: tokio::task::JoinHandle<()>,
}

impl<P> Drop for Server<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<P>(inner: &Mutex<Inner<P>>) -> MutexGuard<'_, Inner<P>> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body that breaks off.
fn broken() -> Response {
    let parts = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(io::Error::other("broken"))]);
    Body::from_stream(parts).into_response()
}

async fn answer<P: Play>(
    State(inner): State<Arc<Mutex<Inner<P>>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let decoded = |step: &str| {
        let url = reqwest::Url::parse(&format!("http://x/?{}", step.replace('+', "%2B"))).ok();
        url.and_then(|url| url.query_pairs().next().map(|(name, _)| name.into_owned())).unwrap_or_default()
    };
    let asked = Asked {
        method,
        path: uri.path().split('/').filter(|step| !step.is_empty()).map(decoded).collect(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
    };
    let trouble = {
        let mut inner = lock(&inner);
        let name = inner.play.name(&asked);
        *inner.calls.entry(name).or_default() += 1;
        inner.troubles.get_mut(name).and_then(VecDeque::pop_front)
    };
    match &trouble {
        Some(Trouble::Says(status, json)) => return said(*status, json),
        Some(Trouble::Busy(seconds)) => {
            let mut answer = said(429, &Json::Null);
            if let Some(seconds) = seconds {
                answer.headers_mut().insert("retry-after", (*seconds).into());
            }
            return answer;
        }
        Some(Trouble::DropsBefore) => return broken(),
        Some(Trouble::Slow(milliseconds)) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
        Some(Trouble::DropsAfter | Trouble::Garbles) | None => {}
    }
    let (status, json) = lock(&inner).play.play(&asked);
    match trouble {
        Some(Trouble::DropsAfter) => broken(),
        Some(Trouble::Garbles) => (StatusCode::OK, "<html>it works</html>").into_response(),
        _ => said(status, &json),
    }
}

fn said(status: u16, json: &Json) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = if json.is_null() { String::new() } else { json.to_string() };
    (status, [("content-type", "application/json")], body).into_response()
}

impl<P: Play> Server<P> {
    /// Starts it on a free port.
    pub async fn start(play: P) -> Self {
        let inner = Arc::new(Mutex::new(Inner { play, troubles: BTreeMap::new(), calls: BTreeMap::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("no free port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no bound address: {error}"));
        let routes = Router::new().fallback(answer::<P>).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Self { url: format!("http://{address}"), inner, task }
    }

    /// Looks at what it keeps, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut P) -> T) -> T {
        look(&mut lock(&self.inner).play)
    }

    /// How it misbehaves when it is next asked for something, by that thing's name; several troubles come one after another.
    pub fn trouble(&self, name: &'static str, trouble: Trouble) {
        lock(&self.inner).troubles.entry(name).or_default().push_back(trouble);
    }

    /// How often it was asked for something.
    pub fn calls(&self, name: &str) -> usize {
        lock(&self.inner).calls.get(name).copied().unwrap_or(0)
    }
}

/// Reads bytes as every answer of every carrier that is asked over HTTP, for feeding them what no carrier would send.
pub fn read_answers(bytes: &[u8]) {
    for status in [200, 400, 409, 503] {
        let reply = crate::http::Reply { status, retry_after: None, body: bytes.to_vec() };
        crate::ups::stand_in::read_answers(&reply);
        crate::doordash_drive::stand_in::read_answers(&reply);
    }
}

/// A question for rates and a wish for a booking, of one parcel of a kilogram to nowhere.
pub(crate) fn asks() -> Option<(RateRequest, BookRequest)> {
    let weight = Weight::from_milligrams(1_000_000)?;
    let parcel = ParcelBox { weight, weight_is_assumed: false, dimensions: None, contents: Vec::new(), collect: None };
    let rates = RateRequest {
        reference: "question".to_owned(),
        sender: Address::default(),
        parties: Parties::default(),
        recipient: Address::default(),
        parcels: vec![parcel.clone()],
        goods: Goods::default(),
        service: None,
        now: Timestamp::UNIX_EPOCH,
    };
    let book = BookRequest {
        service: ServiceCode::new("house", "standard"),
        reference: "reference".to_owned(),
        order_reference: None,
        sender: Address::default(),
        parties: Parties::default(),
        recipient: Address::default(),
        parcels: vec![parcel],
        goods: Goods::default(),
        rate: None,
        label_format: Format::Zpl(Dpi::D203),
        begun_at: Timestamp::UNIX_EPOCH,
        serials: Vec::new(),
        now: Timestamp::UNIX_EPOCH,
        tracking_pages: Vec::new(),
    };
    Some((rates, book))
}
