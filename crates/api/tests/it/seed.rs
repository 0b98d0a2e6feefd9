//! The three requests of Sendcloud's guide "Upload an order", as written there.

use http::Method;
use serde_json::json;
use testkit::{TestApp, on_both_engines};

pub(crate) async fn serving(engine: testkit::Engine) -> TestApp {
    let app = TestApp::builder(engine).connectors(carriers::all()).event_bodies(api::event_bodies()).build().await;
    app.serving(|app| api::router(app, 1 << 20))
}

pub(crate) fn orange(street: (&str, &str, &str)) -> serde_json::Value {
    json!([{
        "order_id": "555413",
        "order_number": "OXSDFGHTD-12",
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "fulfilled", "message": "Fulfilled" },
            "order_created_at": "2018-02-27T10:00:00.555Z",
            "order_items": [{ "name": "Orange", "quantity": 1, "total_price": { "value": 3.5, "currency": "EUR" } }],
        },
        "payment_details": {
            "total_price": { "value": 3.5, "currency": "EUR" },
            "status": { "code": "paid", "message": "Paid" },
        },
        "shipping_address": {
            "name": "John Doe",
            "address_line_1": "Stadhuisplein",
            "house_number": street.0,
            "postal_code": street.1,
            "city": street.2,
            "country_code": "NL",
            "phone_number": "0612345678",
        },
    }])
}

on_both_engines! {
    async fn the_guides_order_is_created_changed_and_found(engine: Engine) {
        let t = serving(engine).await;
        let mut first = orange(("15", "5341AB", "Oss"));
        first[0]["order_details"]["order_updated_at"] = json!("2018-02-28T11:05:15.634Z");
        let created = t.post("/api/v3/orders/", &first).await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(created.story(), @"");
        }
        let mut second = orange(("10", "5611EM", "Eindhoven"));
        let details = second[0]["order_details"].as_object_mut().unwrap();
        let date = details.remove("order_created_at").unwrap();
        details.insert("order_date".to_owned(), date);
        let changed = t.post("/api/v3/orders/", &second).await;
        assert_eq!(changed.story(), created.story());
        let found = t.call(Method::GET, "/api/v3/orders/?integration=7", "").await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(found.story(), @"");
        }
    }
}
