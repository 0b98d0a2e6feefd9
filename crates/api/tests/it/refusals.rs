//! Requests that are refused before anything is stored, each in the dialect's own shape.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{MOST_BYTES, bare, basic, changed, order, serving};

/// The body for one problem of a field.
fn invalid(pointer: &str, detail: &str) -> Json {
    json!({ "status": "400", "code": "invalid", "detail": detail, "source": { "pointer": pointer } })
}

/// The same, the pointer without the part that every one has.
fn at(place: &str, detail: &str) -> Json {
    invalid(&format!("/data/attributes/{place}"), detail)
}

async fn post(t: &TestApp, body: impl Into<axum::body::Body>) -> Json {
    t.call(Method::POST, "/api/v3/orders", body).await.story()
}

async fn is_empty(t: &TestApp) -> bool {
    t.get("/api/v3/orders").await.json()["data"] == json!([])
}

on_both_engines! {
    async fn every_problem_is_told_at_once(engine: Engine) {
        let t = serving(engine).await;
        let first = changed(order("A"), "/order_details/integration/id", json!(99_999));
        let first = changed(first, "/order_details/order_items/0/quantity", json!(0));
        let first = changed(first, "/order_details/order_items/0/total_price/currency", json!("EU"));
        let second = changed(order(""), "/order_details/integration", Json::Null);
        let second = changed(second, "/payment_details/status/code", json!(""));
        let second = changed(second, "/order_details/order_created_at", Json::Null);
        let third = changed(order("C"), "/order_details/integration/id", json!(8_888));
        let fourth = changed(order("D"), "/order_number", json!("x".repeat(256)));
        let fourth = changed(fourth, "/order_id", json!(64));
        let fourth = changed(fourth, "/shipping_address/city", json!(""));
        let fourth = changed(fourth, "/shipping_address/email", json!("nobody"));
        assert_eq!(
            post(&t, json!([first, second, third, fourth, order("E"), 6]).to_string()).await,
            json!({
                "status": 400,
                "body": { "errors": [
                    at("[0]/order_details/integration/id", "Integration with id 99999 does not exist"),
                    at("[0]/order_details/order_items/0/quantity", "Input should be greater than 0"),
                    at(
                        "[0]/order_details/order_items/0/total_price/currency",
                        "String should have at least 3 characters",
                    ),
                    at("[1]/order_id", "String should have at least 1 character"),
                    at("[1]/order_details/integration", "Field required"),
                    at("[1]/order_details/order_created_at", "Field required"),
                    at("[1]/payment_details/status/code", "String should have at least 1 character"),
                    at("[2]/order_details/integration/id", "Integration with id 8888 does not exist"),
                    at("[3]/order_id", "Input should be a valid string"),
                    at("[3]/order_number", "String should have at most 255 characters"),
                    at("[3]/shipping_address/city", "String should have at least 1 character"),
                    at(
                        "[3]/shipping_address/email",
                        "value is not a valid email address: An email address must have an @-sign.",
                    ),
                    at("[5]", "Input should be a valid dictionary"),
                ] },
            })
        );
        assert!(is_empty(&t).await);
    }

    async fn a_body_that_is_no_list_is_refused(engine: Engine) {
        let t = serving(engine).await;
        let refused = json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "non_field_errors",
            "title": "Wrong format",
            "detail": "Wrong request format, expected list of objects",
        }] } });
        for body in ["{}", "null", "7", "\"orders\"", &order("A").to_string()] {
            assert_eq!(post(&t, body.to_owned()).await, refused, "{body}");
        }
    }

    async fn a_body_that_is_no_json_is_refused_with_the_place(engine: Engine) {
        let t = serving(engine).await;
        let deep = "[".repeat(200) + &"]".repeat(200);
        let deeper = "[".repeat(100_000) + &"]".repeat(100_000);
        let mut bad_utf8 = json!([order("A")]).to_string().into_bytes();
        let at = bad_utf8.windows(8).position(|window| window == b"John Doe").unwrap();
        bad_utf8[at] = 0xff;
        for (body, detail) in [
            (Vec::new(), "EOF while parsing a value: line 1 column 0"),
            (b"[{".to_vec(), "EOF while parsing an object: line 1 column 2"),
            (b"[{'a': 1}]".to_vec(), "key must be a string: line 1 column 3"),
            (b"[]\n]".to_vec(), "trailing characters: line 2 column 1"),
            (deep.into_bytes(), "lists and objects lie more than 64 deep inside each other: line 1 column 65"),
            (deeper.into_bytes(), "lists and objects lie more than 64 deep inside each other: line 1 column 65"),
            (bad_utf8, "the text is not valid UTF-8: line 1 column"),
        ] {
            let told = t.call(Method::POST, "/api/v3/orders", body).await;
            assert_eq!(told.status, 400);
            let story = told.json();
            let said = story["errors"][0]["detail"].as_str().unwrap();
            assert!(said.starts_with(&format!("JSON parse error - {detail}")), "{said}");
            assert_eq!(story, json!({ "errors": [{ "status": "400", "code": "invalid", "detail": said }] }));
        }
        // Nested deeper than is kept, though not too deep to read.
        let nested = "[".repeat(100) + &"]".repeat(100);
        let body = json!([order("A")]).to_string().replacen(
            "\"sku\"",
            &format!("\"properties\":{{\"a\":{nested}}},\"sku\""),
            1,
        );
        let told = t.call(Method::POST, "/api/v3/orders", body).await;
        let detail = told.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("JSON parse error - lists and objects lie more than 64 deep"), "{detail}");
        assert!(is_empty(&t).await);
    }

    async fn a_nul_in_a_text_is_refused_wherever_it_stands(engine: Engine) {
        let t = serving(engine).await;
        let nul = "String should not contain the character U+0000";
        let with_nul = |pointer: &str| changed(order("A"), pointer, json!("a\0b"));
        for (pointer, field) in [
            ("/order_id", "order_id"),
            ("/order_details/notes", "order_details/notes"),
            ("/order_details/order_items/0/name", "order_details/order_items/0/name"),
            ("/shipping_address/name", "shipping_address/name"),
        ] {
            assert_eq!(
                post(&t, json!([with_nul(pointer)]).to_string()).await,
                json!({
                    "status": 400,
                    "body": { "errors": [invalid(&format!("/data/attributes/[0]/{field}"), nul)] },
                })
            );
        }
        for properties in [json!({ "a": "b\0" }), json!({ "b\0": 1 })] {
            let body = json!([changed(order("A"), "/order_details/order_items/0/properties", properties)]);
            let told = t.post("/api/v3/orders", &body).await;
            assert_eq!(told.status, 400, "{}", told.text());
        }
        // What only looks for something finds nothing, on every engine.
        for query in ["order_number=%00", "order_id=a%00b", "status=%00"] {
            let listed = t.get(&format!("/api/v3/orders?{query}")).await;
            assert_eq!(listed.story(), json!({ "status": 200, "body": { "data": [] } }), "{query}");
        }
    }

    async fn a_body_that_is_too_large_is_refused_with_the_limit(engine: Engine) {
        let t = serving(engine).await;
        let large = format!("[{}]", " ".repeat(MOST_BYTES));
        let refused = json!({ "status": 413, "body": { "errors": [{
            "status": "413",
            "code": "invalid",
            "title": "Request entity too large",
            "detail": "The request body is larger than 1048576 bytes: send fewer orders at once.",
        }] } });
        assert_eq!(post(&t, large.clone()).await, refused);
        assert_eq!(t.call(Method::PATCH, "/api/v3/orders/1", large.clone()).await.story(), refused);
        assert_eq!(
            t.call(Method::POST, "/v1/orders", large).await.story(),
            json!({ "status": 413, "body": {
            "type": "/docs/errors#too-large",
            "title": "Body too large",
            "status": 413,
            "detail": "The body is larger than 1048576 bytes: send less at once.",
        } })
        );
        assert_eq!(post(&t, format!("[{}]", " ".repeat(MOST_BYTES - 2))).await["status"], 201);
    }

    async fn a_method_a_path_does_not_take_is_answered_with_those_it_takes(engine: Engine) {
        let t = serving(engine).await;
        for (method, path, allowed) in [
            (Method::POST, "/api/v3/orders/1", "GET, PATCH, DELETE"),
            (Method::PUT, "/api/v3/orders/1/", "GET, PATCH, DELETE"),
            (Method::DELETE, "/api/v3/orders", "GET, POST"),
            (Method::GET, "/api/v3/orders/create-label-sync", "POST"),
            (Method::GET, "/sendcloud/api/v3/orders/create-labels-async", "POST"),
            (Method::POST, "/api/v3/integrations/7", "GET, PATCH, DELETE"),
            (Method::DELETE, "/api/v3/integrations/logs", "GET"),
            (Method::PUT, "/api/v3/shop-order-statuses/mapping", "GET, POST"),
            (Method::POST, "/api/v3/user/auth/metadata", "GET"),
            (Method::GET, "/oauth2/token", "POST"),
        ] {
            let refused = t.call(method.clone(), path, "").await;
            assert_eq!(
                refused.story(),
                json!({ "status": 405, "body": { "errors": [{
                "status": "405",
                "code": "method_not_allowed",
                "title": "Method not allowed",
                "detail": format!("Method \"{method}\" not allowed."),
            }] } }),
                "{method} {path}"
            );
            assert_eq!(refused.header("allow"), allowed);
            let options = bare(&t, &[], Method::OPTIONS, path, "").await;
            assert_eq!((options.status.as_u16(), options.text().as_str()), (200, ""));
            assert_eq!(options.header("allow"), allowed);
        }
        let refused = t.call(Method::DELETE, "/v1/events", "").await;
        assert_eq!(
            refused.story(),
            json!({ "status": 405, "body": {
            "type": "/docs/errors#method-not-allowed",
            "title": "Method not allowed",
            "status": 405,
            "detail": "DELETE is not possible here; the Allow header says what is.",
        } })
        );
        assert_eq!(refused.header("allow"), "GET");
    }

    async fn a_path_nobody_serves_is_not_found_in_the_dialects_words(engine: Engine) {
        let t = serving(engine).await;
        for path in ["/api/v3", "/api/v3/", "/api/v3/parcels", "/api/v3/orders/1/2", "/sendcloud/api/v3/x"] {
            assert_eq!(
                t.get(path).await.story(),
                json!({ "status": 404, "body": { "errors": [{
                "status": "404",
                "code": "not_found",
                "title": "Not found",
                "detail": "The page you have requested could not be found.",
            }] } }),
                "{path}"
            );
        }
        for path in ["/v1", "/v1/parcel", "/v1/orders/ord_1/labels"] {
            assert_eq!(
                t.get(path).await.story(),
                json!({ "status": 404, "body": {
                "type": "/docs/errors#not-found",
                "title": "Not found",
                "status": 404,
                "detail": "There is nothing at this path.",
            } }),
                "{path}"
            );
        }
        assert_eq!(t.get("/elsewhere").await.status, 404);
    }

    async fn a_path_that_is_no_text_names_nothing(engine: Engine) {
        let t = serving(engine).await;
        let right = basic("pub-acme", "sec-acme");
        for (path, detail) in [
            ("/api/v3/orders/%FF", "The order could not be found with the search criteria given"),
            ("/api/v3/orders/%00", "The order could not be found with the search criteria given"),
            ("/api/v3/integrations/%FF", "The Integration could not be found with the search criteria given"),
        ] {
            let answer = bare(&t, &[("authorization", &right)], Method::GET, path, "").await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            assert_eq!(answer.json()["errors"][0]["detail"], detail);
            assert_eq!(bare(&t, &[], Method::GET, path, "").await.status, 401);
        }
        let answer = t.get("/v1/orders/%FF").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (404, "application/problem+json"));
    }
}
