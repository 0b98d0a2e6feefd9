//! The three requests of Sendcloud's guide "Upload an order", as written there.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::fixture::{serving, serving_setup};

/// The guide's order at one of its two addresses.
fn orange(house_number: &str, postal_code: &str, city: &str) -> Json {
    json!([{
        "order_id": "555413",
        "order_number": "OXSDFGHTD-12",
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "fulfilled", "message": "Fulfilled" },
            "order_created_at": "2018-02-27T10:00:00.555Z",
            "order_updated_at": "2018-02-28T11:05:15.634Z",
            "order_items": [{ "name": "Orange", "quantity": 1, "total_price": { "value": 3.5, "currency": "EUR" } }],
        },
        "payment_details": {
            "total_price": { "value": 3.5, "currency": "EUR" },
            "status": { "code": "paid", "message": "Paid" },
        },
        "shipping_address": {
            "name": "John Doe",
            "address_line_1": "Stadhuisplein",
            "house_number": house_number,
            "postal_code": postal_code,
            "city": city,
            "country_code": "NL",
            "phone_number": "0612345678",
        },
    }])
}

fn upload() -> Json {
    orange("15", "5341AB", "Oss")
}

/// The second request calls the date by its older name and does not say when the shop changed the order.
fn edit() -> Json {
    let mut edit = orange("10", "5611EM", "Eindhoven");
    let details = edit[0]["order_details"].as_object_mut().unwrap();
    details.remove("order_updated_at").unwrap();
    let date = details.remove("order_created_at").unwrap();
    details.insert("order_date".to_owned(), date);
    edit
}

on_both_engines! {
    async fn the_guides_order_is_created_changed_and_found(engine: Engine) {
        for path in ["/api/v3/orders/", "/api/v3/orders", "/sendcloud/api/v3/orders/"] {
            let t = serving(engine).await;
            let created = t.post(path, &upload()).await;
            let identifiers = json!({ "id": "1", "order_id": "555413", "order_number": "OXSDFGHTD-12" });
            assert_eq!(created.story(), json!({ "status": 201, "body": { "data": [identifiers] } }), "{path}");
            assert_eq!(created.header("content-type"), "application/json");

            let changed = t.post(path, &edit()).await;
            assert_eq!(changed.story(), created.story());

            let found = t.call(Method::GET, &format!("{path}?integration=7"), "").await;
            let order = json!({
                "id": "1",
                "order_id": "555413",
                "order_number": "OXSDFGHTD-12",
                "created_at": "2026-03-02T10:00:00.000Z",
                "modified_at": "2026-03-02T10:00:00.000Z",
                "order_details": {
                    "integration": { "id": 7 },
                    "status": { "code": "fulfilled", "message": "Fulfilled" },
                    "order_created_at": "2018-02-27T10:00:00.555Z",
                    "order_date": "2018-02-27T10:00:00.555Z",
                    "order_items": [
                        { "name": "Orange", "quantity": 1, "total_price": { "value": 3.5, "currency": "EUR" } },
                    ],
                },
                "payment_details": {
                    "total_price": { "value": 3.5, "currency": "EUR" },
                    "status": { "code": "paid", "message": "Paid" },
                },
                "shipping_address": {
                    "name": "John Doe",
                    "address_line_1": "Stadhuisplein",
                    "house_number": "10",
                    "postal_code": "5611EM",
                    "city": "Eindhoven",
                    "country_code": "NL",
                    "phone_number": "0612345678",
                },
            });
            assert_eq!(found.story(), json!({ "status": 200, "body": { "data": [order] } }), "{path}");
            assert_eq!(found.header("link"), "", "one page has no pages beside it");
        }
    }

    async fn an_integration_can_have_its_ids_as_numbers(engine: Engine) {
        let setup = testkit::SETUP.replacen("id = 7", "id = 7\norder_ids_as_numbers = true", 1);
        let t = serving_setup(engine, &setup).await;
        let created = t.post("/api/v3/orders/", &upload()).await;
        let identifiers = json!({ "id": 1, "order_id": "555413", "order_number": "OXSDFGHTD-12" });
        assert_eq!(created.story(), json!({ "status": 201, "body": { "data": [identifiers] } }));
        let patched = t.call(Method::PATCH, "/api/v3/orders/1/", "{}").await;
        assert_eq!(patched.story(), json!({ "status": 200, "body": { "data": identifiers } }));
        let shown = t.get("/api/v3/orders/1").await;
        assert_eq!(shown.json()["data"]["id"], "1", "GET writes text whatever POST writes");

        let mut elsewhere = upload();
        elsewhere[0]["order_details"]["integration"]["id"] = json!(8);
        let created = t.post("/api/v3/orders/", &elsewhere).await;
        assert_eq!(created.json()["data"][0]["id"], "2", "the other integration keeps text");
    }
}
