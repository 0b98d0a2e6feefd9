//! Tokens: bought with a key by OAuth2 client credentials, good for an hour.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{MOST_BYTES, bare, basic, serving};

const GRANT: &str = "grant_type=client_credentials&scope=api";

async fn buy(t: &TestApp, path: &str, authorization: Option<&str>, form: &str) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|authorization| ("authorization", authorization)));
    bare(t, &headers, Method::POST, path, form).await
}

async fn list(t: &TestApp, token: &str) -> Answer {
    t.call_with(&format!("Bearer {token}"), Method::GET, "/api/v3/orders", "").await
}

/// The answer without the token, and the token.
fn token(answer: &Answer) -> (Json, String) {
    let mut story = answer.story();
    let token = story["body"]["access_token"].take().as_str().unwrap().to_owned();
    (story, token)
}

on_both_engines! {
    async fn a_token_opens_what_its_key_opens_for_an_hour(engine: Engine) {
        let t = serving(engine).await;
        let right = basic("pub-acme", "sec-acme");
        let in_form = format!("{GRANT}&client_id=pub-acme&client_secret=sec-acme");
        let mut tokens = Vec::new();
        for (path, authorization, form) in [
            ("/oauth2/token", Some(right.as_str()), GRANT),
            ("/oauth2/token/", Some(right.as_str()), GRANT),
            ("/sendcloud/oauth2/token", Some(right.as_str()), GRANT),
            ("/oauth2/token", None, in_form.as_str()),
        ] {
            let answer = buy(&t, path, authorization, form).await;
            let (story, token) = token(&answer);
            assert_eq!(
                story,
                json!({ "status": 200, "body": {
                "access_token": null, "expires_in": 3600, "scope": "api", "token_type": "bearer",
            } })
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(token.starts_with("ory_at_") && token.len() > 40, "{token}");
            assert!(!tokens.contains(&token));
            tokens.push(token);
        }
        for token in &tokens {
            assert_eq!(list(&t, token).await.status, 200);
            assert_eq!(list(&t, &token[1..]).await.status, 401);
        }
        let as_password = t.call_with(&basic("pub-acme", &tokens[0]), Method::GET, "/api/v3/orders", "").await;
        assert_eq!(as_password.status, 401, "a token is no secret part");
        t.clock.advance(Duration::from_secs(3599));
        assert_eq!(list(&t, &tokens[0]).await.status, 200);
        t.clock.advance(Duration::from_secs(1));
        for token in &tokens {
            assert_eq!(
                list(&t, token).await.story(),
                json!({ "status": 401, "body": { "errors": [{
                "status": "401",
                "code": "authentication_failed",
                "detail": "Invalid username/password.",
                "source": { "pointer": "/data" },
            }] } })
            );
        }
    }

    async fn a_token_is_not_sold_for_less_than_a_key(engine: Engine) {
        let t = serving(engine).await;
        let failed = json!({ "status": 401, "body": {
            "error": "invalid_client",
            "error_description": "Client authentication failed: unknown id or wrong secret.",
        } });
        for (user, password) in [("pub-acme", "sec-other"), ("pub-other", "sec-acme"), ("", ""), ("pub-acme", "")] {
            let answer = buy(&t, "/oauth2/token", Some(&basic(user, password)), GRANT).await;
            assert_eq!(answer.story(), failed, "{user}:{password}");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"oauth2\"");
        }
        assert_eq!(
            buy(&t, "/oauth2/token", None, GRANT).await.story(),
            json!({ "status": 401, "body": {
            "error": "invalid_client",
            "error_description": "Client authentication is missing: send id and secret by HTTP Basic.",
        } })
        );
        let right = basic("pub-acme", "sec-acme");
        for form in ["", "grant_type=password", "scope=api"] {
            let answer = buy(&t, "/oauth2/token", Some(&right), form).await;
            assert_eq!(
                answer.story(),
                json!({ "status": 400, "body": {
                "error": "unsupported_grant_type",
                "error_description": "The grant type must be client_credentials.",
            } })
            );
        }
        let large = format!("{GRANT}&padding={}", "x".repeat(MOST_BYTES));
        assert_eq!(
            buy(&t, "/oauth2/token", Some(&right), &large).await.story(),
            json!({ "status": 413, "body": {
            "errors": [{
                "status": "413",
                "code": "invalid",
                "title": "Request entity too large",
                "detail": "The request body is larger than 1048576 bytes: send fewer orders at once.",
            }],
        } })
        );
    }

    async fn a_token_of_one_tenant_shows_nothing_of_another(engine: Engine) {
        let t = serving(engine).await;
        crate::fixture::place(&t, [crate::fixture::order("A")]).await;
        let (_, theirs) = token(&buy(&t, "/oauth2/token", Some(crate::fixture::OTHER), GRANT).await);
        assert_eq!(list(&t, &theirs).await.story(), json!({ "status": 200, "body": { "data": [] } }));
    }
}
