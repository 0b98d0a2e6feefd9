//! What every dialect says about itself, and the extractors that speak in its own error shape.
//!
//! A handler gets an authenticated [`Caller`] through [`Authed`] and the bytes of the body through [`Body`]; both
//! refuse in the dialect's words, so that no handler has to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use app::idempotency::Once;
use app::limits::Load;
use app::{App, Caller, Credentials};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::Error;
use domain::channel::Dialect;
use domain::error::Unknown;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;

/// What a dialect says about itself.
pub trait Wire: Send + Sync + 'static {
    /// Which dialect.
    const DIALECT: Dialect;

    /// What a request brought to prove who asks; `None` when it brought nothing.
    fn credentials(parts: &Parts) -> Option<Credentials>;

    /// The answer to a request that breaks a rule every request must keep; `None` when it keeps them.
    fn check(_parts: &Parts) -> Option<Response> {
        None
    }

    /// Whether a request is meant for the tenant its key belongs to.
    fn is_meant_for(_parts: &Parts, _caller: &Caller) -> bool {
        true
    }

    /// The answer to an error of a verb.
    fn refuse(error: Error) -> Response;

    /// The answer to a body of more bytes than are read.
    fn too_large(most_bytes: usize) -> Response;

    /// The answer to a body that does not arrive in time.
    fn too_slow() -> Response {
        Self::refuse(Error::Unavailable("the body did not arrive in time".to_owned()))
    }

    /// The answer to a path that no route has.
    fn no_such_page() -> Response;

    /// The answer to a method that a route does not take; the `Allow` header is added to it.
    fn method_not_allowed(method: &Method) -> Response;
}

/// Bytes a body may have; handed to the router as an extension.
#[derive(Clone, Copy, Debug)]
pub struct MostBytes(pub usize);

impl MostBytes {
    /// The layer that enforces it on [`Body`].
    pub fn layer(self) -> DefaultBodyLimit {
        DefaultBodyLimit::max(self.0)
    }
}

/// How long a request may take; handed to the router as an extension. Without one it may take for ever.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the head of the request to the answer.
    pub request: Duration,
    /// From the head of the request to the last byte of its body.
    pub body: Duration,
}

/// Does something within a time, if there is a limit; `None` when the time is up.
pub(crate) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}

/// How long, if there is a limit.
pub(crate) fn patience(extensions: &Extensions) -> Option<Patience> {
    extensions.get::<Patience>().copied()
}

/// A caller whose key was checked and whose rate limit is not used up.
pub struct Authed<W> {
    /// Who asks.
    pub caller: Caller,
    wire: PhantomData<W>,
}

impl<W: Wire> FromRequestParts<App> for Authed<W> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if let Some(refusal) = W::check(parts) {
            return Err(refusal);
        }
        let credentials = W::credentials(parts).ok_or_else(|| W::refuse(Error::Unauthenticated(Unknown::Missing)))?;
        let mut caller = app.authenticate(&credentials, W::DIALECT).await.map_err(W::refuse)?;
        if !W::is_meant_for(parts, &caller) {
            return Err(W::refuse(Error::Unauthenticated(Unknown::Wrong)));
        }
        caller.once = parts.extensions.get::<Arc<Once>>().cloned();
        let load = if parts.method.is_safe() { Load::Read } else { Load::Write };
        app.admit(&caller, load).map_err(W::refuse)?;
        Ok(Self { caller, wire: PhantomData })
    }
}

/// The bytes of a body, at most [`MostBytes`].
pub struct Body<W> {
    /// The bytes.
    pub body: Bytes,
    wire: PhantomData<W>,
}

impl<W: Wire, S: Send + Sync> FromRequest<S> for Body<W> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let most = request.extensions().get::<MostBytes>().map_or(0, |most| most.0);
        // Who announces too much hears of it at once, and need not send it.
        if announced(request.headers()).is_some_and(|bytes| bytes > most as u64) {
            return Err(unread(W::too_large(most)));
        }
        let limit = patience(request.extensions()).map(|patience| patience.body);
        match within(limit, Bytes::from_request(request, state)).await {
            Some(Ok(body)) => Ok(Self { body, wire: PhantomData }),
            Some(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(unread(W::too_large(most)))
            }
            Some(Err(_)) => Err(W::refuse(Error::invalid("", "the body ended before it was complete"))),
            None => Err(unread(W::too_slow())),
        }
    }
}

/// How many bytes the head of a request announces.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// An answer that leaves part of the body unread, so that nothing else can come over the same connection.
fn unread(mut answer: Response) -> Response {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The variable part of a path. Bytes that are no text become U+FFFD, which names nothing: whoever asks hears that
/// there is no such thing, in the dialect's own words.
pub(crate) struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(read.map_or_else(|_| char::REPLACEMENT_CHARACTER.to_string(), |Path(text)| text)))
    }
}

/// The parameters behind the `?`. Of one that is repeated the last value counts; unknown ones are nobody's concern.
pub(crate) struct Parameters(HashMap<String, String>);

impl Parameters {
    /// A parameter's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Credentials of `Authorization: Basic` or `Authorization: Bearer`.
pub(crate) fn authorization(parts: &Parts) -> Option<Credentials> {
    use base64::Engine as _;
    use domain::Secret;
    let header = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credentials::Bearer(Secret::new(value)));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(value).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (public, secret) = text.split_once(':').unwrap_or((text.as_str(), ""));
    Some(Credentials::Pair(public.to_owned(), Secret::new(secret)))
}

/// Logs an error that is ours once, with what broke; the request's id stands in the span around it.
pub(crate) fn log_if_ours(error: &Error) {
    match error {
        Error::Internal(what) => tracing::error!(what, "a request failed: {what}"),
        Error::Unavailable(what) => tracing::warn!(what, "a request could not be served: {what}"),
        _ => {}
    }
}
