//! A geocoder that stands in for Nominatim or Photon: it knows the places that the test names, and counts who asks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::Shared;

#[derive(Debug, Default)]
struct Kept {
    asked: Vec<HashMap<String, String>>,
    /// A text of the question → the answer's body.
    places: Vec<(String, String)>,
    troubles: VecDeque<u16>,
    is_silent: bool,
}

/// A server on loopback; it ends when it is dropped.
pub struct Geocoder {
    /// What a setup file names.
    pub url: String,
    kept: Shared<Kept>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Geocoder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(kept: Shared<Kept>, query: HashMap<String, String>, nothing: &'static str) -> Response {
    let (trouble, is_silent, found) = {
        let mut kept = kept.lock().expect("nobody panicked over the geocoder");
        let asked = query.values().cloned().collect::<Vec<_>>().join(" ");
        kept.asked.push(query);
        let found = kept.places.iter().find(|(text, _)| asked.contains(text)).map(|(_, body)| body.clone());
        (kept.troubles.pop_front(), kept.is_silent, found)
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    match trouble {
        Some(429) => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "120")], "slow down").into_response(),
        Some(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY).into_response(),
        None => found.unwrap_or_else(|| nothing.to_owned()).into_response(),
    }
}

impl Geocoder {
    /// Starts one that knows no place, on a free port.
    pub async fn start() -> Self {
        let kept: Shared<Kept> = Arc::new(Mutex::new(Kept::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let search = async |State(kept): State<Shared<Kept>>, Query(query)| answer(kept, query, "[]").await;
        let api = async |State(kept): State<Shared<Kept>>, Query(query)| {
            answer(kept, query, r#"{"type":"FeatureCollection","features":[]}"#).await
        };
        let routes = Router::new().route("/geo/search", get(search)).route("/geo/api", get(api));
        let routes = routes.with_state(Arc::clone(&kept));
        let task = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Self { url: format!("http://{address}/geo"), kept, task }
    }

    fn kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().expect("nobody panicked over the geocoder"))
    }

    /// From now on, questions that hold a text get this body.
    pub fn knows(&self, text: &str, body: &str) {
        self.kept(|kept| kept.places.push((text.to_owned(), body.to_owned())));
    }

    /// What it answers next instead: 429 with a wait of two minutes, or any other status without a body.
    pub fn troubles(&self, statuses: impl IntoIterator<Item = u16>) {
        self.kept(|kept| kept.troubles.extend(statuses));
    }

    /// From now on it never answers.
    pub fn is_silent(&self) {
        self.kept(|kept| kept.is_silent = true);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.kept(|kept| kept.asked.clone())
    }
}
