//! Every route there is, asked by nobody in particular.

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::fixture::{bare, serving};

/// Sells tokens, so it needs no key.
const TOKENS: &str = "/oauth2/token";

/// Each method and path that needs a key, on a dialect's native paths and below its name.
fn asked(dialect: Dialect) -> Vec<(Method, String)> {
    let mut asked = Vec::new();
    for route in api::routes_of(dialect).into_iter().filter(|route| route.path != TOKENS) {
        let path = route.path.replace("{id}", "1");
        for method in &route.methods {
            let method: Method = method.parse().unwrap();
            let named = format!("/{dialect}{path}");
            asked.extend([(method.clone(), path.clone()), (method.clone(), format!("{path}/")), (method, named)]);
        }
    }
    assert!(asked.len() > 30, "{dialect} has routes");
    asked
}

/// What a dialect says to nobody, the media type it says it in, and how it wants to be asked.
fn refusal(dialect: Dialect) -> (Json, &'static str, &'static str) {
    match dialect {
        Dialect::Native => (
            json!({ "status": 401, "body": {
                "type": "/docs/errors#unauthenticated",
                "title": "Unauthenticated",
                "status": 401,
                "detail": "Send a key's secret as Authorization: Bearer.",
            } }),
            "application/problem+json",
            "Bearer",
        ),
        _ => (
            json!({ "status": 401, "body": { "errors": [{
                "status": "401",
                "code": "authentication_failed",
                "title": "No credentials",
                "detail": "Authentication credentials were not provided.",
            }] } }),
            "application/json",
            "Basic realm=\"api\"",
        ),
    }
}

on_both_engines! {
    async fn no_route_answers_without_a_key(engine: Engine) {
        let t = serving(engine).await;
        for dialect in [Dialect::Sendcloud, Dialect::Native] {
            let (story, media_type, scheme) = refusal(dialect);
            for (method, path) in asked(dialect) {
                let answer = bare(&t, &[], method.clone(), &path, "").await;
                assert_eq!(answer.story(), story, "{method} {path}");
                assert_eq!((answer.header("content-type"), answer.header("www-authenticate")), (media_type, scheme));
                let wrong = bare(&t, &[("authorization", "Bearer wrong")], method.clone(), &path, "").await;
                assert_eq!(wrong.status, 401, "{method} {path}");
            }
        }
    }

    async fn every_route_says_which_methods_it_takes(engine: Engine) {
        let t = serving(engine).await;
        for dialect in [Dialect::Sendcloud, Dialect::Native] {
            for route in api::routes_of(dialect) {
                let path = route.path.replace("{id}", "1");
                let answer = bare(&t, &[], Method::OPTIONS, &path, "").await;
                assert_eq!((answer.status.as_u16(), answer.header("allow")), (200, route.allowed().as_str()), "{path}");
                // No route takes this one.
                let answer = bare(&t, &[], Method::TRACE, &path, "").await;
                assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, route.allowed().as_str()), "{path}");
            }
        }
    }

    async fn health_needs_no_key(engine: Engine) {
        let t = serving(engine).await;
        for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/healthz/", "ok\n")] {
            let answer = bare(&t, &[], Method::GET, path, "").await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, text));
        }
    }
}
