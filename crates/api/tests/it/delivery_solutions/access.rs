//! Who may ask: tokens, keys and the tenant a request names.

use http::Method;
use serde_json::json;
use testkit::{Answer, TestApp, on_both_engines};

use super::fixture::{SETUP, example, is, order, path, refusal, serving, with_setup};
use crate::fixture::{bare, basic, builder, key, routed};

const TOKEN: &str = "/ent-services/security/v1/oauth/token";

async fn buy(t: &TestApp, path: &str, authorization: &str) -> Answer {
    let headers = [("authorization", authorization), ("content-type", "application/x-www-form-urlencoded")];
    bare(t, &headers, Method::POST, path, "grant_type=client_credentials").await
}

async fn token(t: &TestApp) -> String {
    let answer = buy(t, TOKEN, &basic("pub-acme", "sec-acme")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn list(t: &TestApp, headers: &[(&str, &str)]) -> Answer {
    bare(t, headers, Method::POST, "/shipments/list", "{}").await
}

on_both_engines! {
    async fn a_token_is_all_text_and_a_new_one_takes_its_place(engine: Engine) {
        let t = serving(engine).await;
        for path in [TOKEN.to_owned(), format!("{TOKEN}/"), format!("/delivery-solutions{TOKEN}")] {
            let answer = buy(&t, &path, &basic("pub-acme", "sec-acme")).await;
            let mut body = answer.json();
            let sold = body["access_token"].take();
            assert!(sold.as_str().unwrap().len() > 40);
            assert_eq!(body, json!({
                "token_type": "Bearer", "issued_at": "1772445600000", "client_id": "pub-acme", "access_token": null,
                "scope": "", "expires_in": "3600", "refresh_count": "0", "status": "approved",
            }));
        }
        let first = token(&t).await;
        let bearer = format!("Bearer {first}");
        assert_eq!(list(&t, &[("authorization", &bearer)]).await.status, 200);
        let second = format!("Bearer {}", token(&t).await);
        assert_eq!(list(&t, &[("authorization", &second)]).await.status, 200);
        let old = list(&t, &[("authorization", &bearer)]).await;
        assert_eq!(refusal(&old), is(401, "UNAUTHORIZED", "Invalid or missing authentication token"));
        assert_eq!(old.json()["errors"], json!([{ "type": "UNAUTHORIZED", "message": "Invalid or missing authentication token" }]));
    }

    async fn an_operator_may_choose_a_further_path(engine: Engine) {
        let prefixed = builder(engine).setup(SETUP).file("rates.csv", &testkit::RATES.replace("EUR", "USD"));
        let t = routed(prefixed.options(|options| options.shipments_prefix = Some("/lynkup/v1".to_owned())).build().await);
        let sold = buy(&t, &format!("/lynkup/v1{TOKEN}"), &basic("pub-acme", "sec-acme")).await.json();
        let bearer = format!("Bearer {}", sold["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        for (id, prefix) in [("A", "/lynkup/v1"), ("B", ""), ("C", "/delivery-solutions")] {
            let created = bare(&t, &headers, Method::POST, &format!("{prefix}/shipments"), &order(id).to_string()).await;
            assert_eq!(created.status, 201, "{}", created.text());
            let history = bare(&t, &headers, Method::GET, &format!("/lynkup/v1/shipments/{id}/status-history"), "").await;
            assert_eq!(history.json()[0]["orderId"], created.json()["id"], "every path leads to the same orders");
        }
        let unknown = bare(&t, &headers, Method::GET, "/lynkup/v1/shipments/A/B/C", "").await;
        assert_eq!(refusal(&unknown), is(404, "NOT_FOUND", "There is nothing at this path"));
        assert_eq!(bare(&t, &headers, Method::GET, "/lynkup/v2/shipments/A", "").await.status, 404);
    }

    async fn a_token_of_another_dialect_stays_good(engine: Engine) {
        let t = serving(engine).await;
        let theirs = buy(&t, "/oauth2/token", &basic("pub-acme", "sec-acme")).await.json()["access_token"].as_str().unwrap().to_owned();
        token(&t).await;
        token(&t).await;
        assert_eq!(list(&t, &[("authorization", &format!("Bearer {theirs}"))]).await.status, 200);
    }

    async fn a_token_is_not_sold_for_less_than_a_key(engine: Engine) {
        let t = serving(engine).await;
        for (user, password) in [("pub-acme", "sec-other"), ("", ""), ("pub-acme", "")] {
            assert_eq!(buy(&t, TOKEN, &basic(user, password)).await.status, 401, "{user}:{password}");
        }
        let headers = [("authorization", "Basic cHViLWFjbWU6c2VjLWFjbWU=")];
        let answer = bare(&t, &headers, Method::POST, TOKEN, "grant_type=password").await;
        assert_eq!(refusal(&answer), is(400, "VALIDATION_ERROR", "grant_type must be client_credentials"));
    }

    async fn a_key_opens_its_own_tenant_only(engine: Engine) {
        let t = serving(engine).await;
        let right = [("x-api-key", "sec-acme"), ("tenantId", "acme"), ("x-compression", "true")];
        assert_eq!(list(&t, &right).await.status, 200);
        assert_eq!(list(&t, &right[..1]).await.status, 200);
        assert_eq!(list(&t, &[("x-api-key", "sec-acme"), ("tenantId", "other")]).await.status, 401);
        assert_eq!(list(&t, &[("x-api-key", "sec-none"), ("tenantId", "acme")]).await.status, 401);
        assert_eq!(list(&t, &[]).await.header("www-authenticate"), "Bearer");
        super::fixture::created(&t, &order("A")).await;
        let theirs = bare(&t, &[("x-api-key", "sec-other")], Method::GET, &path("A"), "").await;
        assert_eq!(refusal(&theirs), is(404, "NOT_FOUND", "Order with id, A, is not found"));
    }

    async fn v2_tells_a_wrong_key_from_a_missing_one(engine: Engine) {
        let t = serving(engine).await;
        let ask = async |headers: &[(&str, &str)]| bare(&t, headers, Method::GET, "/api/v2/store", "").await;
        let wrong = ask(&[("x-api-key", "wrong"), ("tenantId", "acme")]).await;
        let told = json!({ "type": "UNAUTHORIZED", "message": "Invalid Api Key!", "errors": [{ "type": "UNAUTHORIZED", "message": "Invalid Api Key!" }] });
        assert_eq!(wrong.story(), json!({ "status": 401, "body": told }));
        assert_eq!(refusal(&ask(&[]).await).1, "FORBIDDEN");
        let json = [("x-api-key", "sec-acme"), ("tenantId", "acme"), ("content-type", "application/json")];
        let stores = ask(&json).await;
        assert_eq!((stores.status.as_u16(), stores.json().as_array().unwrap().len()), (200, 3));
    }

    async fn a_key_without_the_scope_is_refused_and_nothing_is_stored(engine: Engine) {
        let setup = crate::fixture::with(SETUP, &key("writer", "[\"write\", \"read\"]"));
        let t = with_setup(engine, &setup).await;
        let headers = [("x-api-key", "sec-writer")];
        let answer = bare(&t, &headers, Method::POST, "/shipments", &example("create_request").to_string()).await;
        assert_eq!(refusal(&answer), is(403, "FORBIDDEN", "The key may not do this: it lacks the scope buy"));
        assert_eq!(bare(&t, &headers, Method::GET, &path("7709-001"), "").await.status, 404);
    }
}

#[test]
fn a_further_path_leads_to_nothing_else() {
    for free in ["/lynkup", "/shipping/v1", "/api", "/api/shipping", "/v3", "/tea", "/a.b-c_d~e"] {
        assert!(api::is_free_prefix(free), "{free}");
    }
    let long = format!("/{}", "a".repeat(200));
    for refused in
        ["", "/", "lynkup", "/lynkup/", "//lynkup", "/a//b", "/../a", "/.", "/a b", "/{id}", "/a?b", "/ä", &long]
    {
        assert!(!api::is_free_prefix(refused), "{refused}");
    }
    let routes = domain::channel::Dialect::ALL.into_iter().flat_map(api::routes_of);
    let served = routes.map(|route| route.path.trim_end_matches("/{id}").to_owned());
    let others = ["/t", "/d/x", "/ui", "/metrics", "/sendcloud/api/v3", "/native", "/delivery-solutions"];
    for taken in served.chain(others.map(str::to_owned)) {
        let plain = taken.split("/{").next().unwrap();
        assert!(!api::is_free_prefix(plain), "{plain}");
    }
}
