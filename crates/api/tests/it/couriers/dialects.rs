//! The same carriers through the Sendcloud and Delivery Solutions dialects: rates, label, tracking, cancelling.

use carriers::doordash_drive::stand_in::{AUTHORIZATION, webhook};
use carriers::testing::Trouble;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::fixture::{Boston, near};
use crate::fixture::{bare, events, kind_of, place, tidy};

/// A Delivery Solutions order that names the only carrier account that may take it, if it names one.
fn delivery(id: &str, provider: &str) -> Json {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/delivery_solutions");
    let text = std::fs::read_to_string(format!("{folder}/create_request.json")).unwrap();
    let mut order: Json = serde_json::from_str(&text).unwrap();
    order["orderExternalId"] = json!(id);
    order["deliveryContact"]["phone"] = json!("+1 617-555-0111");
    if !provider.is_empty() {
        order["proposedProviders"] = json!([{ "name": provider }]);
    }
    order
}

on_both_engines! {
    async fn sendcloud_buys_prints_follows_and_cancels_a_label_of_ups(engine: Engine) {
        let boston = Boston::open(engine).await;
        let mut order = near("A");
        order["shipping_details"] = json!({ "ship_with": { "type": "shipping_option_code", "properties": { "shipping_option_code": "ups:03" } } });
        place(&boston.t, [order]).await;
        let label = json!({ "integration_id": 7, "order": { "order_id": "A" } });
        let made = boston.t.post("/api/v3/orders/create-label-sync", &label).await;
        assert!(made.status.is_success(), "{}", made.text());
        let made = made.json();
        let text = tidy(made.clone()).to_string();
        assert!(text.contains("<PDF>") && text.contains("1ZA1B2C3"), "{text}");
        assert_eq!(boston.live(), (1, 0));
        let number = boston.number().await;
        boston.ups.with(|ups| ups.scan(&number, ("010", "I", "AR"), "Arrived at Facility", "20260302 102000"));
        boston.later(31 * 60).await;
        assert_eq!(boston.shipment().await["tracking"], "in_transit");
        let deleted = boston.t.call(Method::DELETE, "/api/v3/orders/1", "").await;
        assert!(deleted.status.is_success(), "{}", deleted.text());
        assert_eq!(boston.live(), (0, 0), "deleting the order voided its label");
    }

    async fn sendcloud_hears_of_a_dropped_connection_and_gets_the_one_label_afterwards(engine: Engine) {
        let boston = Boston::open(engine).await;
        let mut order = near("A");
        order["shipping_details"] = json!({ "ship_with": { "type": "shipping_option_code", "properties": { "shipping_option_code": "ups:03" } } });
        place(&boston.t, [order]).await;
        boston.ups.trouble("ship", Trouble::DropsAfter);
        let label = json!({ "integration_id": 7, "order": { "order_id": "A" } });
        let lost = boston.t.post("/api/v3/orders/create-label-sync", &label).await;
        assert!(lost.status.is_server_error(), "{}", lost.text());
        boston.later(20).await;
        let made = boston.t.post("/api/v3/orders/create-label-sync", &label).await;
        assert!(made.status.is_success(), "{}", made.text());
        assert_eq!((boston.live(), boston.ups.calls("ship")), ((1, 0), 1));
    }

    async fn delivery_solutions_dispatches_a_courier_who_tells_his_way(engine: Engine) {
        let boston = Boston::open(engine).await;
        // The checkout asks for prices in the older version of the dialect, and hears the same figure in cents.
        let basket = json!({
            "storeExternalIds": ["7709"],
            "deliveryContact": delivery("A", "")["deliveryContact"],
            "deliveryAddress": {
                "street": "725 Albany Street", "city": "Boston", "state": "MA", "zipcode": "02118", "country": "US",
            },
            "packages": [{ "weight": 10, "items": 1 }],
            "orderValue": 1000,
        });
        let rates = boston.t.post("/api/v2/rates", &basket).await;
        assert_eq!(rates.status, 200, "{}", rates.text());
        let rates = rates.json()["rates"].as_array().unwrap().clone();
        let of_dash = rates.iter().find(|rate| rate["provider"] == "dash");
        assert_eq!(of_dash.unwrap()["amount"], 975, "{rates:?}");
        let created = boston.t.post("/shipments", &delivery("A", "dash")).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let created = created.json();
        assert_eq!((&created["status"], &created["provider"]["name"]), (&json!("ORDER_DISPATCHED"), &json!("dash")));
        assert_eq!((&created["amount"], boston.live()), (&json!(9.75), (0, 1)));
        let accounts = boston.t.get("/v1/carrier-accounts").await.json();
        let path = accounts["data"][1]["push_url"].as_str().unwrap().replace("http://127.0.0.1:8080", "");
        let number = boston.number().await;
        for (event, minute) in [("DASHER_CONFIRMED", 1), ("DASHER_PICKED_UP", 6), ("DASHER_DROPPED_OFF", 20)] {
            let body = webhook(&number, event, &format!("2026-03-02T10:{minute:02}:00Z")).to_string();
            let told = bare(&boston.t, &[("authorization", AUTHORIZATION)], Method::POST, &path, &body).await;
            assert_eq!(told.status, 200);
        }
        let steps = boston.t.get("/shipments/A/status-history").await.json()[0]["orderStatus"].clone();
        let steps: Vec<_> = steps.as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap().to_owned()).collect();
        insta::assert_snapshot!(steps.join(" "), @"REQUEST_RECEIVED ESTIMATES_RECEIVED ORDER_DISPATCHED ORDER_ASSIGNED PICKUP_COMPLETED ORDER_DELIVERED");
    }

    async fn delivery_solutions_turns_from_a_silent_courier_to_ups_and_calls_him_off(engine: Engine) {
        let boston = Boston::open(engine).await;
        let order = delivery("A", "");
        boston.dash.trouble("accept", Trouble::DropsAfter);
        boston.dash.trouble("get", Trouble::Says(503, Json::Null));
        boston.dash.trouble("get", Trouble::Says(503, Json::Null));
        let created = boston.t.post("/shipments", &order).await;
        assert_eq!(created.status, 201, "{}", created.text());
        assert_eq!(created.json()["provider"]["name"], "ups", "{}", created.text());
        assert_eq!(boston.live(), (1, 1), "for a while both were ordered");
        for _ in 0..3 {
            boston.later(61).await;
        }
        assert_eq!(boston.live(), (1, 0), "{:?}", events(&boston.t).await);
        let cancelled = boston.t.call(Method::DELETE, "/shipments/A", "").await;
        assert_eq!((cancelled.status.as_u16(), boston.live()), (200, (0, 0)), "{}", cancelled.text());
    }

    async fn delivery_solutions_takes_the_label_of_ups(engine: Engine) {
        let boston = Boston::open(engine).await;
        let created = boston.t.post("/shipments", &delivery("A", "ups")).await;
        assert_eq!(created.status, 201, "{}", created.text());
        assert_eq!(boston.live(), (1, 0));
        let label = boston.t.get("/v1/parcels/pcl_1/label").await;
        assert_eq!(kind_of(&label.bytes), "<PDF>");
        let cancelled = boston.t.call(Method::DELETE, "/shipments/A", "").await;
        assert_eq!((cancelled.status.as_u16(), boston.live()), (200, (0, 0)), "{}", cancelled.text());
    }
}
