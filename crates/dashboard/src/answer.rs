//! An answer: a page, the status it goes out with and the headers every page carries.

use askama::Template;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What browsers may do with a public page: load the sender's colours and logo from here. The hash is that of the one `<style>`
/// element, `templates/style.css`; a test says which hash belongs here after a change.
const PUBLIC_POLICY: &str = "default-src 'none'; style-src 'self' 'sha256-r6a4z04OLd5TmwhgshqfdkHYv02mJ5Y2aq9Tk8/q0Rg='; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What browsers may do with a page of the dashboard: load our own files, send our own forms, and run no script that
/// stands in a page.
const DESK_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What every page carries: it is not kept, not handed on and not listed.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
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

/// A public page as an answer.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> Response {
    respond_with(status, page, PUBLIC_POLICY)
}

/// A page of the dashboard as an answer.
pub(crate) fn desk(status: StatusCode, page: &impl Template) -> Response {
    respond_with(status, page, DESK_POLICY)
}

fn respond_with(status: StatusCode, page: &impl Template, policy: &'static str) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, policy)];
    match page.render() {
        Ok(html) => (status, HEADERS, policy, html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written: {error}");
            let text = "Something went wrong. Please try again later.";
            (StatusCode::INTERNAL_SERVER_ERROR, HEADERS, policy, text).into_response()
        }
    }
}

/// Sends the browser to another page, which it asks for by GET.
pub(crate) fn go_to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path), (header::CACHE_CONTROL, "no-store")]).into_response()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use domain::language::Language;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::pages::trouble::Trouble;

    #[test]
    fn the_policy_names_the_style_that_the_page_holds() {
        let html = Trouble::not_found(Language::En).render().unwrap();
        let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
        assert!(PUBLIC_POLICY.contains(&format!("'sha256-{hash}'")), "the style's hash is now sha256-{hash}");
    }

    #[test]
    fn every_answer_is_closed_to_scripts_frames_caches_and_search_engines() {
        let answer = respond(StatusCode::NOT_FOUND, &Trouble::not_found(Language::En));
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let mut headers: Vec<_> = answer.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        let hash = PUBLIC_POLICY.split('\'').find(|part| part.starts_with("sha256-")).unwrap();
        insta::assert_snapshot!(headers.join("\n").replace(hash, "sha256-…"));
    }
}
