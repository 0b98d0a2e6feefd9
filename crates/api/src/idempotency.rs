//! Idempotency: the `Idempotency-Key` header of a POST. The same key with the same request gets the same answer for a
//! day; with another request it is refused.

use std::sync::Arc;

use app::App;
use app::idempotency::{Begun, KeptAnswer, Once};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest as _, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use domain::error::Unknown;
use domain::{Error, Result};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use tracing::Instrument as _;

use crate::dialect::{self, Wire, log_if_ours};

const HEADER: &str = "idempotency-key";
/// The longest key, in characters.
const LONGEST: usize = 255;
/// Says that an answer was given before.
const REPLAYED: &str = "idempotent-replayed";
/// The largest answer that is kept. Those of POSTs are far smaller.
const MOST_ANSWER: usize = 16 * 1024 * 1024;

/// The layer around a dialect's routes.
pub(crate) async fn layer<W: Wire>(State(app): State<App>, request: Request, next: Next) -> Response {
    // A tenant is known by its id: making it twice is refused, and nobody's key comes with it.
    let is_of_installation = request.uri().path().trim_start_matches("/native").starts_with("/v1/tenants");
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) || is_of_installation {
        return next.run(request).await;
    }
    match run::<W>(&app, request, next).await {
        Ok(answer) => answer,
        Err(refusal) => refusal,
    }
}

async fn run<W: Wire>(app: &App, request: Request, next: Next) -> Result<Response, Response> {
    let key = readable(&request).map_err(W::refuse)?;
    let (parts, body) = request.into_parts();
    let credentials = W::credentials(&parts).ok_or_else(|| W::refuse(Error::Unauthenticated(Unknown::Missing)))?;
    let caller = app.authenticate(&credentials, W::DIALECT).await.map_err(W::refuse)?;
    let readable = Request::from_parts(parts.clone(), body);
    let dialect::Body { body, .. } = dialect::Body::<W>::from_request(readable, &()).await?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let fingerprint = fingerprint(&[parts.method.as_str().as_bytes(), target.as_bytes(), &body]);
    let once = match app.begin_once(&caller, key, fingerprint).await.map_err(W::refuse)? {
        Begun::Answer(answer) => return Ok(replayed(answer)),
        Begun::Run(once) => once,
    };
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(Arc::clone(&once));
    // A task of its own: a client that hangs up and sends again finds the answer, not a claim nobody works on.
    let app = app.clone();
    let running = tokio::spawn(async move { keep(&app, &once, next.run(request).await).await }.in_current_span());
    running.await.map_err(|error| W::refuse(Error::internal(error)))
}

/// Keeps an answer and hands it on.
async fn keep(app: &App, once: &Once, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, MOST_ANSWER).await.unwrap_or_default();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answer = is_final(parts.status).then(|| KeptAnswer {
        status: parts.status.as_u16(),
        content_type: content_type.to_owned(),
        body: body.to_vec(),
    });
    // What was done is stored; without the kept answer a repetition makes it anew from that.
    if let Err(error) = app.end_once(once, answer).await {
        log_if_ours(&error);
    }
    Response::from_parts(parts, Body::from(body))
}

fn readable(request: &Request) -> Result<String> {
    let values: Vec<_> = request.headers().get_all(HEADER).iter().collect();
    let text = match values.as_slice() {
        [value] => value.to_str().unwrap_or_default().trim(),
        _ => "",
    };
    let fits = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(text.to_owned());
    }
    let expected = format!("expected once, 1 to {LONGEST} visible ASCII characters without blanks");
    Err(Error::invalid("Idempotency-Key", format!("this is no key: {expected}")))
}

/// Parts are told apart by their lengths.
fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether the same request would be answered so again: not when the trouble is ours, or passes.
fn is_final(status: StatusCode) -> bool {
    const PASSING: [StatusCode; 5] = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    !status.is_server_error() && !PASSING.contains(&status)
}

fn replayed(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if let Ok(content_type) = HeaderValue::try_from(answer.content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
