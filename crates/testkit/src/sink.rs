//! A webhook sink: it keeps what it is sent and answers what the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::Shared;

/// One delivery as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
}

impl Received {
    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

#[derive(Debug, Default)]
struct Kept {
    received: Vec<Received>,
    answers: VecDeque<u16>,
    /// What it answers to bodies that hold a text.
    refused: Option<(String, u16)>,
}

/// A server on loopback that takes webhooks; it ends when it is dropped.
pub struct Sink {
    /// Where it listens.
    pub url: String,
    kept: Shared<Kept>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(kept): State<Shared<Kept>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut kept = kept.lock().expect("nobody panicked over the sink");
    let refused = kept.refused.as_ref().filter(|(text, _)| String::from_utf8_lossy(&body).contains(text.as_str()));
    let refused = refused.map(|(_, status)| *status);
    kept.received.push(Received { headers, body });
    let status = refused.or_else(|| kept.answers.pop_front()).unwrap_or(204);
    StatusCode::from_u16(status).unwrap_or(StatusCode::OK).into_response()
}

impl Sink {
    /// Starts a sink on a free port.
    pub async fn start() -> Self {
        let kept: Shared<Kept> = Arc::new(Mutex::new(Kept::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let routes = Router::new().fallback(take).with_state(Arc::clone(&kept));
        let task = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Self { url: format!("http://{address}/hooks"), kept, task }
    }

    /// What it answers next, one status a delivery; 204 after these.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.kept.lock().expect("nobody panicked over the sink").answers.extend(statuses);
    }

    /// What it answers to every body that holds a text, until it takes everything again; the empty text is in all.
    pub fn refuse(&self, text: &str, status: u16) {
        self.kept.lock().expect("nobody panicked over the sink").refused = Some((text.to_owned(), status));
    }

    /// From now on it takes everything.
    pub fn take_all(&self) {
        self.kept.lock().expect("nobody panicked over the sink").refused = None;
    }

    /// An endpoint that takes connections and never answers; for as long as the listener lives.
    pub async fn silent() -> (String, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        (format!("http://{address}/silent"), listener)
    }

    /// What it was sent so far, in order.
    pub fn received(&self) -> Vec<Received> {
        self.kept.lock().expect("nobody panicked over the sink").received.clone()
    }
}
