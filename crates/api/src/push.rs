//! Push addresses: `POST /push/{token}`, where carriers tell by themselves what happened to parcels.
//!
//! An address that nobody has, and any other method, answers as a path that does not exist.

use app::App;
use app::pushes::NotTaken;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};

use crate::dialect::{Segment, Wire, log_if_ours};
use crate::native::Native;

/// Bytes a push may have.
const MOST_BYTES: usize = 256 * 1024;

/// `/push/{token}`.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/push/{token}", any(take)).layer(DefaultBodyLimit::max(MOST_BYTES))
}

async fn take(
    State(app): State<App>,
    Segment(token): Segment,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let nothing_here = || StatusCode::NOT_FOUND.into_response();
    if method != Method::POST {
        return nothing_here();
    }
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Ok(body) = body else { return Native::too_large(MOST_BYTES) };
    match app.take_push(&token, authorization, &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(NotTaken::NoSuchAddress) => nothing_here(),
        Err(NotTaken::Forged) => StatusCode::UNAUTHORIZED.into_response(),
        Err(NotTaken::Unreadable(why)) => {
            tracing::warn!(why, "a carrier's push cannot be read: {why}");
            (StatusCode::BAD_REQUEST, "This cannot be read.\n").into_response()
        }
        Err(NotTaken::Later(error)) => {
            log_if_ours(&error);
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], "Please send it again.\n").into_response()
        }
    }
}
