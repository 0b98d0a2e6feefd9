//! What somebody at the dashboard sees when a verb refuses: what went wrong, which value, and the way back.

use std::borrow::Cow;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::error::Problem;

use crate::answer::desk;
use crate::assets;
use crate::session::Visit;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    style: String,
    title: &'static str,
    text: String,
    problems: Vec<Problem>,
}

/// Why a page is not shown or a form does nothing.
pub(crate) struct Refusal {
    status: StatusCode,
    title: &'static str,
    text: String,
    problems: Vec<Problem>,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, title: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, title, text: text.into().into_owned(), problems: Vec::new(), retry_after: None }
    }

    /// A form without the session's token.
    pub(crate) fn stale_form() -> Self {
        let text = "It was sent from another session, or from another site. Nothing was done. Go back, load the page again, \
            and send it once more.";
        Self::new(StatusCode::FORBIDDEN, "This form is too old", text)
    }
}

/// `GET /ui/…` for what is no page. Whoever is not signed in is asked to first.
pub(crate) async fn nowhere(_: Visit) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Not found", "There is no such page.")
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => {
                let text =
                    format!("There is no such {what} here. It may have been deleted, or it is another tenant’s.");
                Self::new(StatusCode::NOT_FOUND, "Not found", text)
            }
            Error::Invalid(problems) => {
                let text = "Nothing was stored. Go back and mend this:";
                Self { problems, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be taken", text) }
            }
            Error::Conflict(text) => Self::new(StatusCode::CONFLICT, "That does not go together", text),
            Error::Denied(scope) => {
                let text = format!(
                    "This takes a key with the scope “{scope}”. Sign in with another one, or ask whoever made it."
                );
                Self::new(StatusCode::FORBIDDEN, "Your key may not do that", text)
            }
            Error::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "You are not signed in", "Please sign in again.")
            }
            Error::TooMany { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let text = format!("Your key has used up its share for this minute. Please wait {seconds} seconds.");
                Self {
                    retry_after: Some(seconds),
                    ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too much at once", text)
                }
            }
            Error::Carrier(error, _) => Self::new(StatusCode::BAD_GATEWAY, "The carrier said no", error.to_string()),
            Error::Unavailable(what) => {
                tracing::warn!(what, "a page could not be served: {what}");
                let text = "Nothing is lost. Please try again in a minute.";
                Self { retry_after: Some(60), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", text) }
            }
            Error::Internal(what) => {
                tracing::error!(what, "a page failed: {what}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here", "It was written to the log.")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, title, text, problems, retry_after } = self;
        let page = ProblemPage { style: assets::STYLE.path(), title, text, problems };
        let mut answer = desk(status, &page);
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
