//! Tokens: `POST /v2/token`. One client buys a new one before every call, so older ones stay good until they expire.

use app::App;
use axum::extract::State;
use domain::{Error, Secret};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::error::Refusal;
use super::{Answer, Body, form};
use crate::dialect::json;

/// What tokens begin with.
const PREFIX: &str = "7s_";

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
}

/// `POST /token`.
pub(super) async fn token(State(app): State<App>, headers: HeaderMap, Body { body, .. }: Body) -> Answer {
    let tree = form::body(&headers, &body)?;
    let refused = || Refusal::from(Error::Unauthenticated(domain::error::Unknown::Wrong));
    let key = tree.get("access_key").and_then(|key| key.as_text()).filter(|key| !key.is_empty()).ok_or_else(refused)?;
    let issued = app.issue_token_for(&Secret::new(key), PREFIX).await?;
    let mut answer = json(StatusCode::OK, &Token { token: issued.token.reveal() });
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}
