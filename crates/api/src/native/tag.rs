//! Tags: what an update is held against, so that nobody overwrites what they have not seen.
//!
//! What can be changed is shown with an `ETag`. `PUT` and `PATCH` need `If-Match` with it, or `*`: 428 without, 412 when
//! something else stands there by now. `DELETE` honours it when it is sent.

use app::App;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::HeaderValue;
use http::header::{ETAG, IF_MATCH};
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::Problems;

/// The tag of something as it stands; another one for whatever differs.
pub(super) fn of(state: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(state).unwrap_or_default();
    let first = Sha256::digest(bytes).iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("\"{first:016x}\"")
}

/// The tag of something that counts its changes.
pub(super) fn of_version(version: u64) -> String {
    format!("\"{version}\"")
}

/// An answer that shows something with its tag.
pub(super) fn shown(mut answer: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// What a client has seen, if it says.
#[derive(Clone, Debug)]
pub(super) struct Seen(Option<Vec<String>>);

impl Seen {
    /// Whether what stands there is what the client has seen.
    pub(super) fn holds(&self, tag: &str) -> Result<(), Problems> {
        match &self.0 {
            Some(tags) if !tags.iter().any(|seen| seen == "*" || seen == tag) => Err(Problems::changed_meanwhile(tag)),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<App> for Seen {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problems> {
        let mut tags = Vec::new();
        for value in parts.headers.get_all(IF_MATCH) {
            let text = value.to_str().map_err(|_| Problems::no_tag())?;
            tags.extend(text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned));
        }
        let is_tag = |tag: &String| tag == "*" || (tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"'));
        if !tags.iter().all(is_tag) {
            return Err(Problems::no_tag());
        }
        Ok(Self((!tags.is_empty()).then_some(tags)))
    }
}

/// What a client has seen; it has to say.
#[derive(Clone, Debug)]
pub(super) struct MustHaveSeen(pub(super) Seen);

impl FromRequestParts<App> for MustHaveSeen {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problems> {
        let seen = Seen::from_request_parts(parts, app).await?;
        if seen.0.is_some() { Ok(Self(seen)) } else { Err(Problems::tag_missing()) }
    }
}
