//! Tokens: OAuth2 client credentials, `POST /oauth2/token`.

use app::{App, Credentials};
use axum::extract::State;
use axum::response::Response;
use domain::{Error, Secret};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::error::Errors;
use super::{Answer, Body};
use crate::dialect::{authorization, json};

/// The prefix of the tokens that clients of this dialect know.
const PREFIX: &str = "ory_at_";

#[derive(Serialize)]
struct Token<'a> {
    access_token: &'a str,
    expires_in: u64,
    scope: &'a str,
    token_type: &'a str,
}

/// RFC 6749, section 5.2.
#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    error_description: &'static str,
}

fn refuse(status: StatusCode, error: &'static str, error_description: &'static str) -> Response {
    let mut answer = json(status, &Refusal { error, error_description });
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth2\""));
    }
    answer
}

/// `POST /oauth2/token`: id and secret by Basic or in the form.
pub(super) async fn token(State(app): State<App>, parts: Parts, Body { body, .. }: Body) -> Answer {
    let form: Vec<_> = form_urlencoded::parse(&body).collect();
    let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref());
    if field("grant_type") != Some("client_credentials") {
        let text = "The grant type must be client_credentials.";
        return Ok(refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", text));
    }
    let by_header = match authorization(&parts) {
        Some(Credentials::Pair(public, secret)) => Some((public, secret)),
        _ => None,
    };
    let by_form = || Some((field("client_id")?.to_owned(), Secret::new(field("client_secret")?)));
    let Some((public, secret)) = by_header.or_else(by_form) else {
        let text = "Client authentication is missing: send id and secret by HTTP Basic.";
        return Ok(refuse(StatusCode::UNAUTHORIZED, "invalid_client", text));
    };
    let issued = match app.issue_token(&public, &secret, PREFIX).await {
        Ok(issued) => issued,
        Err(Error::Unauthenticated(_)) => {
            let text = "Client authentication failed: unknown id or wrong secret.";
            return Ok(refuse(StatusCode::UNAUTHORIZED, "invalid_client", text));
        }
        Err(error) => return Err(Errors::from(error)),
    };
    let token = Token {
        access_token: issued.token.reveal(),
        expires_in: issued.expires_in.as_secs(),
        scope: field("scope").unwrap_or("api"),
        token_type: "bearer",
    };
    let mut answer = json(StatusCode::OK, &token);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}
