//! What the vendor's Magento and WooCommerce plugins send, with their quirks, and the answer each of them needs.
//!
//! WooCommerce: an answer is a failure when its status is 401 or 500 or its body has `errors`; a success must be an object
//! without. Magento: success is exactly 201 for a POST and exactly 200 for a status.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::{ask, batch, done, fixture, get, order, post, refusal, shown};
use crate::fixture::{bare, events, serving};

on_both_engines! {
    async fn woocommerce_sends_a_customer_and_then_an_order_again_and_again(engine: Engine) {
        let t = serving(engine).await;
        let customer = fixture("woocommerce_customer");
        assert_eq!(post(&t, "/customers", &customer).await.story(), done(201));
        let known = get(&t, "/customers/email/Ann%40example.com").await.json()["data"].clone();
        assert_eq!(known["email"], "Ann@example.com");
        assert_eq!(known["consentsData"], json!({ "consents": [{ "id": 1, "value": "True" }, { "id": 2, "value": "False" }] }));
        assert_eq!((&known["firstName"], &known["lastName"]), (&json!("Ann"), &Json::Null));

        // The hook fires several times for one order.
        for _ in 0..3 {
            assert_eq!(post(&t, "/orders", &fixture("woocommerce_order")).await.story(), done(201));
        }
        assert_eq!(shown(&t, "1042").await, json!({
            "id": "1042",
            "date": "2026-02-27T10:00:00.123456Z",
            "timeZone": "UTC",
            "websiteId": 3,
            "status": "placed",
            "currency": "PLN",
            "totalValue": 30.05,
            "returnsValue": 0.0,
            "customer": { "id": 1, "email": "ann@example.com", "phone": null, "crmId": "0" },
            "products": [
                {
                    "id": "17", "name": "Mug", "price": 9.95, "quantity": 3, "returned": 0, "url": "https://shop.example.com/mug",
                    "imageUrl": null, "category": null, "productAttributes": [{ "name": "pa_colour", "value": "blue" }],
                },
                {
                    "id": "18", "name": "Sample", "price": null, "quantity": 1, "returned": 0, "url": "https://shop.example.com/sample",
                    "imageUrl": "https://shop.example.com/sample.jpg", "category": "Samples", "productAttributes": null,
                },
            ],
            "orderAttributes": null,
            "warnings": ["totalValue is 30.05, and the products cost 29.85"],
        }));
        let mut cancelled = fixture("woocommerce_order");
        cancelled["data"][0]["status"] = json!("Cancelled");
        assert_eq!(post(&t, "/orders", &cancelled).await.story(), done(201));
        assert_eq!(shown(&t, "1042").await["status"], "canceled");
        assert_eq!(events(&t).await, ["order.created", "order.updated", "order.cancelled"]);
        assert_eq!(get(&t, "/customers/crmId/0").await.status, 404, "0 is how WooCommerce calls nobody");
    }

    async fn a_consent_that_woocommerce_puts_into_an_order_reaches_the_book(engine: Engine) {
        let t = serving(engine).await;
        let mut order = fixture("woocommerce_order");
        order["data"][0]["customer"]["consentsData"] = json!([{ "id": "5", "value": "True" }]);
        assert_eq!(post(&t, "/orders", &order).await.story(), done(201));
        let known = get(&t, "/customers/email/ann%40example.com").await.json()["data"].clone();
        assert_eq!(known["consentsData"], json!({ "consents": [{ "id": 5, "value": "True" }] }));
        order["data"][0]["customer"]["consentsData"] = json!([]);
        assert_eq!(post(&t, "/orders", &order).await.story(), done(201));
    }

    async fn magento_sets_the_status_apart_and_sends_the_order_after_it(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(post(&t, "/customers", &fixture("magento_customer")).await.story(), done(201));
        let known = get(&t, "/customers/email/bob%40example.com").await.json()["data"].clone();
        assert_eq!((&known["gender"], &known["dateOfBirth"], &known["crmId"]), (&json!("NotSpecified"), &json!("1980-02-29T00:00:00Z"), &json!("55")));
        assert_eq!(known["consentsData"], json!({ "consents": [{ "id": 2, "value": "AwaitingConfirmation" }] }));

        // The order is not there yet: Magento tries again.
        let status = json!({ "orderId": "000000042", "orderStatus": "Paid", "websiteId": 1 });
        assert_eq!(ask(&t, Method::PUT, "/orders/status", &status).await.status, 400);
        assert_eq!(post(&t, "/orders", &fixture("magento_order")).await.status, 201);
        assert_eq!(ask(&t, Method::PUT, "/orders/status", &status).await.status, 200);
        assert_eq!(post(&t, "/orders", &fixture("magento_order")).await.status, 201);
        let order = shown(&t, "000000042").await;
        assert_eq!((&order["status"], &order["websiteId"]), (&json!("paid"), &Json::Null));
        assert_eq!(order["orderAttributes"], json!([{ "name": "Shipping Method", "value": null }]));
        assert_eq!(order["customer"]["crmId"], "55");
    }

    async fn magentos_get_still_announces_the_body_of_the_post_before_and_is_answered(engine: Engine) {
        let t = serving(engine).await;
        post(&t, "/customers", &fixture("magento_customer")).await;
        // A body that never comes: whoever reads it waits for ever.
        let body = axum::body::Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
        let request = http::Request::get("/customers/email/bob%40example.com")
            .header("x-api-key", "sec-acme")
            .header("content-length", "812");
        let answer = tokio::time::timeout(std::time::Duration::from_secs(20), t.send(request.body(body).unwrap()));
        assert_eq!(answer.await.unwrap().status, 200);
    }

    async fn every_refusal_reaches_woocommerce_as_a_list_of_texts(engine: Engine) {
        let t = serving(engine).await;
        let mut order = order("A");
        order["customer"] = json!({ "email": null });
        let refused = post(&t, "/orders", &batch("AddOrReplace", [order])).await;
        // The plugin joins them.
        assert_eq!(refusal(&refused).1.join(", "), "data[0].customer.email: is required");
        for key in ["", "wrong"] {
            let nobody = bare(&t, &[("x-api-key", key)], Method::POST, "/orders", "{}").await;
            assert!(nobody.json().get("errors").is_none(), "with errors the order would be marked as sent");
        }
    }
}
