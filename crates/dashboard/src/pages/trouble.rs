//! What a visitor sees when there is no page to show: what went wrong and what to do.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;

use super::picture::Picture;
use crate::answer::respond;

/// A page that says what went wrong and what to do. It never says more about an unknown address than about another.
#[derive(Template)]
#[template(path = "trouble.html")]
pub struct Trouble {
    title: &'static str,
    tone: &'static str,
    picture: Picture,
    happened: &'static str,
    advice: &'static [&'static str],
}

impl Trouble {
    /// There is no parcel behind this address.
    pub fn not_found() -> Self {
        Self {
            title: "We cannot find this parcel",
            tone: "plain",
            picture: Picture::Search,
            happened: "There is no parcel behind this address. A letter of it may be missing, or the parcel is no \
                longer kept here.",
            advice: &[
                "Open the link again from the message it came in, or copy the whole of it.",
                "If it still does not work, ask the shop you ordered from: they can send you the right link.",
            ],
        }
    }

    /// The page cannot be made at the moment.
    pub fn unavailable() -> Self {
        Self {
            title: "Tracking is not available right now",
            tone: "trouble",
            picture: Picture::Exclamation,
            happened: "We cannot look up parcels at the moment. Your parcel is not affected: it travels on.",
            advice: &["Please try again in a few minutes. The link stays good."],
        }
    }
}

/// What a visitor is told when a verb fails; this is where the failure is logged.
pub(super) fn answer(error: &Error) -> Response {
    match error {
        Error::NotFound(_) => respond(StatusCode::NOT_FOUND, &Trouble::not_found()),
        Error::Unavailable(what) => {
            tracing::warn!(what, "a page could not be served: {what}");
            let retry_after = [(header::RETRY_AFTER, "60")];
            (retry_after, respond(StatusCode::SERVICE_UNAVAILABLE, &Trouble::unavailable())).into_response()
        }
        Error::Internal(_)
        | Error::Invalid(_)
        | Error::Conflict(_)
        | Error::Denied(_)
        | Error::Unauthenticated(_)
        | Error::TooMany { .. }
        | Error::Carrier(..) => {
            tracing::error!(%error, "a page failed: {error}");
            respond(StatusCode::INTERNAL_SERVER_ERROR, &Trouble::unavailable())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_decides_the_status() {
        let status = |error: Error| answer(&error).status().as_u16();
        assert_eq!(status(Error::NotFound("parcel")), 404);
        assert_eq!(status(Error::Unavailable("the database is gone".to_owned())), 503);
        assert_eq!(status(Error::internal("a row cannot be read")), 500);
    }
}
