//! Tokens: OAuth2 client credentials. A new token takes the place of the one that the key bought before.

use app::{App, Credentials};
use axum::extract::State;
use axum::response::Response;
use domain::{Error, Secret};
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::error::{Kind, Refusal};
use super::{Answer, Body};
use crate::dialect::{authorization, json};

/// Tokens of this dialect, of which a key has one at a time.
const FAMILY: &str = "delivery_solutions";

/// Every field is text, as published.
#[derive(Serialize)]
struct Token<'a> {
    token_type: &'static str,
    issued_at: String,
    client_id: &'a str,
    access_token: &'a str,
    scope: &'static str,
    expires_in: String,
    refresh_count: &'static str,
    status: &'static str,
}

/// `POST /ent-services/security/v1/oauth/token`: id and secret by Basic or in the form.
pub(super) async fn token(State(app): State<App>, parts: Parts, Body { body, .. }: Body) -> Answer {
    let form: Vec<_> = form_urlencoded::parse(&body).collect();
    let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref());
    if field("grant_type") != Some("client_credentials") {
        return Err(Refusal::new(Kind::ValidationError).saying("grant_type must be client_credentials"));
    }
    let by_header = match authorization(&parts) {
        Some(Credentials::Pair(public, secret)) => Some((public, secret)),
        _ => None,
    };
    let by_form = || Some((field("client_id")?.to_owned(), Secret::new(field("client_secret")?)));
    let unknown = || Refusal::new(Kind::Unauthorized);
    let (public, secret) = by_header.or_else(by_form).ok_or_else(unknown)?;
    let issued = match app.issue_only_token(&public, &secret, FAMILY).await {
        Ok(issued) => issued,
        Err(Error::Unauthenticated(_)) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let token = Token {
        token_type: "Bearer",
        issued_at: app.now().as_millisecond().to_string(),
        client_id: &issued.public,
        access_token: issued.token.reveal(),
        scope: "",
        expires_in: issued.expires_in.as_secs().to_string(),
        refresh_count: "0",
        status: "approved",
    };
    let mut answer: Response = json(StatusCode::OK, &token);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}
