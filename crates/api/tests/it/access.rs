//! Who may ask: keys, scopes, and tenants that never see each other.

use http::Method;
use serde_json::json;
use testkit::{Answer, on_both_engines};

use crate::fixture::{OTHER, bare, basic, delete, key, order, patch, place, serving, serving_setup, setup_with};

/// Status and body of two answers, byte for byte.
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!((one.status, one.text()), (other.status, other.text()));
}

on_both_engines! {
    async fn nobody_gets_in_without_a_key(engine: Engine) {
        let t = serving(engine).await;
        let missing = json!({ "status": 401, "body": { "errors": [{
            "status": "401",
            "code": "authentication_failed",
            "title": "No credentials",
            "detail": "Authentication credentials were not provided.",
        }] } });
        let wrong = json!({ "status": 401, "body": { "errors": [{
            "status": "401",
            "code": "authentication_failed",
            "detail": "Invalid username/password.",
            "source": { "pointer": "/data" },
        }] } });
        let get = async |authorization: &str| {
            let headers = [("authorization", authorization)];
            let headers = if authorization.is_empty() { &headers[..0] } else { &headers[..] };
            bare(&t, headers, Method::GET, "/api/v3/orders/", "").await
        };
        for authorization in ["", "Digest username=\"pub-acme\"", "sec-acme", "Basic"] {
            let answer = get(authorization).await;
            assert_eq!(answer.story(), missing, "{authorization:?}");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"api\"");
        }
        for authorization in [
            basic("pub-acme", "sec-other"),
            basic("pub-acme", ""),
            basic("pub-acme", "sec-acme "),
            basic("pub-other", "sec-acme"),
            basic("", "sec-acme"),
            basic("pub-acme", "a\0b"),
            "Basic cHVi".to_owned(),
            "Basic !!!".to_owned(),
            "Bearer ory_at_unknown".to_owned(),
            "Bearer ".to_owned() + "x".repeat(5_000).as_str(),
        ] {
            assert_eq!(get(&authorization).await.story(), wrong, "{authorization:?}");
        }
        for authorization in [basic("pub-acme", "sec-acme"), "bearer sec-acme".to_owned()] {
            assert_eq!(get(&authorization).await.story(), json!({ "status": 200, "body": { "data": [] } }));
        }
    }

    async fn a_partner_id_must_be_a_uuid(engine: Engine) {
        let t = serving(engine).await;
        let authorization = basic("pub-acme", "sec-acme");
        let get = async |partner: &str| {
            let headers = [("authorization", authorization.as_str()), ("sendcloud-partner-id", partner)];
            bare(&t, &headers, Method::GET, "/api/v3/orders", "").await
        };
        assert_eq!(get("0a7a2d3c-3a3f-4ac9-b5f1-43d0b2d2a0f6").await.status, 200);
        for partner in ["", "partner", "0a7a2d3c-3a3f-4ac9-b5f1-43d0b2d2a0fg"] {
            assert_eq!(
                get(partner).await.story(),
                json!({ "status": 400, "body": { "errors": [{
                "status": "400",
                "code": "invalid",
                "title": "Invalid",
                "detail": "Partner id is unknown or not a valid UUID.",
                "source": { "header": "Sendcloud-Partner-Id" },
            }] } })
            );
        }
    }

    async fn a_key_may_do_what_its_scopes_say(engine: Engine) {
        let keys = key("reader", "[\"read\"]") + &key("writer", "[\"write\"]") + &key("buyer", "[\"read\", \"buy\"]");
        let t = serving_setup(engine, &setup_with(&keys)).await;
        place(&t, [order("A")]).await;
        let refusal = |scope: &str| {
            json!({ "status": 403, "body": { "errors": [{
            "status": "403",
            "code": "forbidden",
            "title": "Forbidden",
            "detail": format!("You do not have permission to perform this action: the key lacks the scope {scope}."),
        }] } })
        };
        let call = async |name: &str, method: Method, path: &str, body: serde_json::Value| {
            let key = basic(&format!("pub-{name}"), &format!("sec-{name}"));
            t.call_with(&key, method, path, if body.is_null() { String::new() } else { body.to_string() }).await
        };
        let nothing = || json!(null);
        assert_eq!(call("reader", Method::GET, "/api/v3/orders/1", nothing()).await.status, 200);
        let label = || json!({ "integration_id": 7, "order": { "order_id": "A" } });
        let labels = || json!({ "integration_id": 7, "orders": [{ "order_id": "A" }] });
        let log = || json!({ "base_url": "https://shop.example" });
        for (name, method, path, body, scope) in [
            ("reader", Method::POST, "/api/v3/orders", json!([order("B")]), "write"),
            ("reader", Method::PATCH, "/api/v3/orders/1", json!({}), "write"),
            ("reader", Method::DELETE, "/api/v3/orders/1", nothing(), "write"),
            ("reader", Method::POST, "/api/v3/integrations/7/logs", log(), "write"),
            ("reader", Method::POST, "/api/v3/orders/create-label-sync", label(), "print"),
            ("reader", Method::POST, "/api/v3/orders/create-labels-async", labels(), "buy"),
            ("reader", Method::PATCH, "/api/v3/integrations/7", json!({ "shop_name": "X" }), "setup"),
            ("reader", Method::DELETE, "/api/v3/integrations/7", nothing(), "setup"),
            ("writer", Method::GET, "/api/v3/orders", nothing(), "read"),
            ("writer", Method::GET, "/api/v3/orders/1", nothing(), "read"),
            ("writer", Method::GET, "/api/v3/integrations", nothing(), "read"),
            ("writer", Method::GET, "/api/v3/integrations/logs", nothing(), "read"),
            ("buyer", Method::POST, "/api/v3/orders/create-label-sync", label(), "print"),
        ] {
            let answer = call(name, method.clone(), path, body).await;
            assert_eq!(answer.story(), refusal(scope), "{name}: {method} {path}");
        }
        let shipments = t.get("/v1/orders/ord_1/shipments").await;
        assert_eq!(shipments.story(), json!({ "status": 200, "body": { "data": [] } }), "nothing was bought");
        assert_eq!(call("writer", Method::PATCH, "/api/v3/orders/1", json!({})).await.status, 200);
        assert_eq!(call("writer", Method::DELETE, "/api/v3/orders/1", nothing()).await.status, 204);
    }

    async fn another_tenants_order_is_as_unknown_as_none(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let before = t.get("/api/v3/orders/1").await;
        let call =
            async |method: Method, path: &str, body: &str| t.call_with(OTHER, method, path, body.to_owned()).await;

        for (method, body) in [(Method::GET, ""), (Method::PATCH, r#"{"order_number":"X"}"#), (Method::DELETE, "")] {
            let theirs = call(method.clone(), "/api/v3/orders/1", body).await;
            assert_eq!(theirs.status, 404, "{method}");
            for nobodys in ["/api/v3/orders/999999", "/api/v3/orders/0", "/api/v3/orders/x", "/api/v3/orders/%FF"] {
                assert_same(&theirs, &call(method.clone(), nobodys, body).await);
            }
        }
        let label = |order_id: &str| json!({ "integration_id": 7, "order": { "order_id": order_id } }).to_string();
        let sync = "/api/v3/orders/create-label-sync";
        let theirs = call(Method::POST, sync, &label("A")).await;
        assert_eq!(theirs.status, 404);
        assert_same(&theirs, &call(Method::POST, sync, &label("nobody")).await);
        let number = r#"{"integration_id":7,"order":{"order_number":"N-A"}}"#;
        assert_same(&theirs, &call(Method::POST, sync, number).await);
        let soon = r#"{"integration_id":7,"orders":[{"order_id":"A"}]}"#;
        let asynchronous = "/api/v3/orders/create-labels-async";
        let theirs = call(Method::POST, asynchronous, soon).await;
        assert_same(&theirs, &call(Method::POST, asynchronous, &soon.replace("\"A\"", "\"B\"")).await);

        let explicit = |id: &str| json!([crate::fixture::changed(order("A"), "/id", json!(id))]).to_string();
        let theirs = call(Method::POST, "/api/v3/orders", &explicit("1")).await;
        assert_eq!(theirs.status, 400);
        let nobodys = call(Method::POST, "/api/v3/orders", &explicit("9")).await;
        assert_eq!(theirs.text(), nobodys.text().replace("id 9 ", "id 1 "));

        let listed = call(Method::GET, "/api/v3/orders", "").await;
        assert_eq!(listed.story(), json!({ "status": 200, "body": { "data": [] } }));
        assert_same(&before, &t.get("/api/v3/orders/1").await);
    }

    async fn another_tenants_integration_is_as_unknown_as_none(engine: Engine) {
        let t = serving(engine).await;
        let call =
            async |method: Method, path: &str, body: &str| t.call_with(OTHER, method, path, body.to_owned()).await;
        for (method, tail, body) in [
            (Method::GET, "", ""),
            (Method::PATCH, "", r#"{"shop_name":"Mine"}"#),
            (Method::DELETE, "", ""),
            (Method::GET, "/logs", ""),
            (Method::POST, "/logs", r#"{"base_url":"https://x.example"}"#),
        ] {
            let theirs = call(method.clone(), &format!("/api/v3/integrations/8{tail}"), body).await;
            let nobodys = call(method.clone(), &format!("/api/v3/integrations/99{tail}"), body).await;
            assert_eq!(theirs.status, 404, "{method} {tail}");
            assert_same(&theirs, &nobodys);
            assert_same(&theirs, &call(method, &format!("/api/v3/integrations/shop{tail}"), body).await);
        }
        let orders = |id: u64| json!([crate::fixture::changed(order("A"), "/order_details/integration/id", json!(id))]);
        let theirs = call(Method::POST, "/api/v3/orders", &orders(8).to_string()).await;
        let nobodys = call(Method::POST, "/api/v3/orders", &orders(99).to_string()).await;
        assert_eq!(theirs.status, 400);
        assert_eq!(theirs.text(), nobodys.text().replace("id 99 ", "id 8 "));
        let theirs = call(Method::GET, "/api/v3/orders?integration=8", "").await;
        let nobodys = call(Method::GET, "/api/v3/orders?integration=99", "").await;
        assert_eq!(theirs.status, 400);
        assert_eq!(theirs.text(), nobodys.text().replace(" 99 ", " 8 "));

        // Both tenants have an integration 7; the same order in both is two orders.
        place(&t, [order("A")]).await;
        let theirs = call(Method::POST, "/api/v3/orders", &json!([order("A")]).to_string()).await;
        assert_eq!(theirs.json()["data"][0]["id"], "2");
        assert_eq!(patch(&t, "/api/v3/orders/2", &json!({})).await.status, 404);
        assert_eq!(delete(&t, "/api/v3/orders/2").await.status, 404);
    }
}
