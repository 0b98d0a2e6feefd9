//! The examples of the vendor's page "Orders – API methods", as written there.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::{ask, done, fixture, get, post};
use crate::fixture::serving;

/// The page's order as it is read back.
fn as_shown() -> Json {
    let mut order = fixture("seed_order")["data"][0].clone();
    order["status"] = json!("completed");
    order["customer"]["id"] = json!(1);
    order
}

on_both_engines! {
    async fn the_pages_order_is_added_shown_changed_and_deleted(engine: Engine) {
        for base in ["", "/expertsender"] {
            let t = serving(engine).await;
            let added = post(&t, &format!("{base}/orders"), &fixture("seed_order")).await;
            assert_eq!(added.story(), done(201));
            assert_eq!(added.header("content-type"), "application/json");

            // The page writes the id in braces.
            for path in ["/orders/12345", "/orders/12345/", "/orders/%7B12345%7D"] {
                let found = get(&t, &format!("{base}{path}")).await;
                assert_eq!(found.story(), json!({ "status": 200, "body": { "status": 0, "data": as_shown() } }), "{path}");
            }

            let status = json!({ "orderId": "12345", "orderStatus": "placed" });
            assert_eq!(ask(&t, Method::PUT, &format!("{base}/orders/status"), &status).await.story(), done(200));
            let mut changed = as_shown();
            changed["status"] = json!("placed");
            let deleted = ask(&t, Method::DELETE, &format!("{base}/orders/12345"), &Json::Null).await;
            assert_eq!(deleted.story(), json!({ "status": 200, "body": { "status": 0, "data": changed } }));

            let gone = json!({ "status": 404, "body": {
                "type": "https://tools.ietf.org/html/rfc7231#section-6.5.4",
                "title": "Not Found",
                "status": 404,
                "substatus": "OrderNotFound",
                "detail": "There is no such order.",
                "instance": "",
                "errors": ["There is no such order."],
            } });
            assert_eq!(get(&t, &format!("{base}/orders/12345")).await.story(), gone);
            assert_eq!(ask(&t, Method::DELETE, &format!("{base}/orders/12345"), &Json::Null).await.story(), gone);
        }
    }

    async fn digits_come_back_as_they_were_sent(engine: Engine) {
        let t = serving(engine).await;
        let raw = r#"{"mode":"Add","data":[{"id":"1","date":"2024-11-06T10:10:00.055Z","totalValue":0.30000000000000004,
            "returnsValue":150.00,"customer":{"email":"a@example.com"},
            "products":[{"id":"a","name":"A","price":0.1,"quantity":1},{"id":"b","name":"B","price":"0.20","quantity":1}]}]}"#;
        let headers = [("x-api-key", "sec-acme")];
        let added = crate::fixture::bare(&t, &headers, Method::POST, "/orders", raw).await;
        assert_eq!(added.story(), done(201));
        let text = get(&t, "/orders/1").await.text();
        for digits in ["\"totalValue\":0.30000000000000004,", "\"returnsValue\":150.00,", "\"price\":0.1,", "\"price\":0.20,"] {
            assert!(text.contains(digits), "{digits} in {text}");
        }
        // Inside, 0.1 + 0.20 is 0.3 and nothing else.
        let warnings = &get(&t, "/orders/1").await.json()["data"]["warnings"];
        assert_eq!(*warnings, json!(["totalValue is 0.30000000000000004, and the products cost 0.3"]));
    }

    async fn a_total_of_its_own_is_kept_and_only_noted(engine: Engine) {
        let t = serving(engine).await;
        let mut order = super::order("A");
        super::sent(&t, "Add", order.clone()).await;
        assert_eq!(super::shown(&t, "A").await.get("warnings"), None);
        order["totalValue"] = json!(3);
        super::sent(&t, "Replace", order).await;
        let shown = super::shown(&t, "A").await;
        assert_eq!((&shown["totalValue"], &shown["warnings"]), (&json!(3), &json!(["totalValue is 3, and the products cost 3.5"])));
    }
}
