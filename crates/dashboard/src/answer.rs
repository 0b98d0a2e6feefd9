//! An answer: a page, the status it goes out with and the headers every page carries.

use askama::Template;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What browsers may do with a page. The hash is that of the one `<style>` element, `templates/style.css`; a test says
/// which hash belongs here after a change.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-5yV8GGO2YnEW6q1WbPPWT+0mshhQSnFsK4SXKBiSBF4='; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The address of a page is its key: it is not kept, not handed on and not listed.
const HEADERS: [(HeaderName, &str); 9] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// A page as an answer.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, HEADERS, html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, HEADERS, "Something went wrong. Please try again later.")
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::pages::trouble::Trouble;

    #[test]
    fn the_policy_names_the_style_that_the_page_holds() {
        let html = Trouble::not_found().render().unwrap();
        let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
        assert!(SECURITY_POLICY.contains(&format!("'sha256-{hash}'")), "the style's hash is now sha256-{hash}");
    }

    #[test]
    fn every_answer_is_closed_to_scripts_frames_caches_and_search_engines() {
        let answer = respond(StatusCode::NOT_FOUND, &Trouble::not_found());
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let mut headers: Vec<_> = answer.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        let hash = SECURITY_POLICY.split('\'').find(|part| part.starts_with("sha256-")).unwrap();
        insta::assert_snapshot!(headers.join("\n").replace(hash, "sha256-…"));
    }
}
