//! Document links: `/d/{token}`, unguessable and good for a while.

use app::App;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use domain::Error;
use domain::document::Document;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

use crate::dialect::{Segment, log_if_ours};

/// `/d/{token}`.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/d/{token}", get(open))
}

async fn open(State(app): State<App>, Segment(token): Segment) -> Response {
    match app.open_document_link(&token).await {
        Ok((document, bytes)) => file(&document, bytes),
        Err(Error::NotFound(_)) => {
            let text = "This link does not lead to a document, or it has expired. Ask the sender for a new one.\n";
            (StatusCode::NOT_FOUND, text).into_response()
        }
        Err(Error::Conflict(why)) => {
            (StatusCode::GONE, format!("This document must not be used any more: {why}.\n")).into_response()
        }
        Err(error) => {
            log_if_ours(&error);
            let text = "The document cannot be fetched now. Please try again.\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
        }
    }
}

/// A document's bytes as an answer.
pub(crate) fn file(document: &Document, bytes: Bytes) -> Response {
    let name = format!("{}-{}.{}", document.kind.as_str(), document.id, document.format.extension());
    let disposition = HeaderValue::try_from(format!("inline; filename=\"{name}\""));
    let mut answer = bytes.into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.format.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = disposition {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    answer
}
