//! What a visitor sees when there is no page to show: what went wrong and what to do.

use app::words::Word;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::language::Language;

use super::picture::Picture;
use crate::answer::respond;

/// A page that says what went wrong and what to do. It never says more about an unknown address than about another.
#[derive(Template)]
#[template(path = "trouble.html")]
pub struct Trouble {
    lang: &'static str,
    top: &'static str,
    title: &'static str,
    tone: &'static str,
    picture: Picture,
    happened: &'static str,
    what_to_do: &'static str,
    advice: Vec<&'static str>,
}

impl Trouble {
    fn new(
        language: Language,
        title: Word,
        tone: &'static str,
        picture: Picture,
        happened: Word,
        advice: &[Word],
    ) -> Self {
        Self {
            lang: language.code(),
            top: Word::ParcelTracking.of(language),
            title: title.of(language),
            tone,
            picture,
            happened: happened.of(language),
            what_to_do: Word::WhatYouCanDo.of(language),
            advice: advice.iter().map(|word| word.of(language)).collect(),
        }
    }

    /// There is no parcel behind this address.
    pub fn not_found(language: Language) -> Self {
        let advice = [Word::OpenLinkAgain, Word::AskTheShop];
        Self::new(language, Word::NotFound, "plain", Picture::Search, Word::NotFoundWhy, &advice)
    }

    /// The page cannot be made at the moment.
    pub fn unavailable(language: Language) -> Self {
        let advice = [Word::TryAgainSoon];
        Self::new(language, Word::Unavailable, "trouble", Picture::Exclamation, Word::UnavailableWhy, &advice)
    }
}

/// What a visitor is told when a verb fails; this is where the failure is logged.
pub(super) fn answer(error: &Error, language: Language) -> Response {
    match error {
        Error::NotFound(_) => respond(StatusCode::NOT_FOUND, &Trouble::not_found(language)),
        Error::Unavailable(what) => {
            tracing::warn!(what, "a page could not be served: {what}");
            let retry_after = [(header::RETRY_AFTER, "60")];
            (retry_after, respond(StatusCode::SERVICE_UNAVAILABLE, &Trouble::unavailable(language))).into_response()
        }
        Error::Internal(_)
        | Error::Invalid(_)
        | Error::Conflict(_)
        | Error::Denied(_)
        | Error::Unauthenticated(_)
        | Error::TooMany { .. }
        | Error::Carrier(..) => {
            tracing::error!(%error, "a page failed: {error}");
            respond(StatusCode::INTERNAL_SERVER_ERROR, &Trouble::unavailable(language))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_decides_the_status() {
        let status = |error: Error| answer(&error, Language::En).status().as_u16();
        assert_eq!(status(Error::NotFound("parcel")), 404);
        assert_eq!(status(Error::Unavailable("the database is gone".to_owned())), 503);
        assert_eq!(status(Error::internal("a row cannot be read")), 500);
    }
}
