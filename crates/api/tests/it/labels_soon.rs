//! Labels soon: `create-labels-async`.

use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{changed, order, place, scripted, serving};

const PATH: &str = "/api/v3/orders/create-labels-async";

/// Waits until a shipment is no longer being booked.
async fn settled(t: &TestApp, shipment: &str) -> Json {
    for _ in 0..200 {
        let shown = t.get(&format!("/v1/shipments/{shipment}")).await.json();
        if shown["status"] != "booking" {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{shipment} is still being booked");
}

fn cannot_ship(index: usize, detail: &str) -> Json {
    json!({
        "status": "400",
        "code": "validation_error",
        "title": "Invalid order",
        "detail": detail,
        "source": { "pointer": format!("/data/attributes/orders/[{index}]") },
    })
}

on_both_engines! {
    async fn the_orders_that_can_be_shipped_are_and_the_others_are_told(engine: Engine) {
        let carrier = Scripted::new();
        carrier.next_booking(Outcome::Slow(50));
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A"), changed(order("B"), "/shipping_address", Json::Null), order("C")]).await;
        let with =
            json!({ "type": "shipping_option_code", "properties": { "shipping_option_code": "house:standard" } });
        let answer = t
            .post(
                PATH,
                &json!({
                    "integration_id": 7,
                    "ship_with": with,
                    "orders": [
                        { "order_number": "N-A", "apply_shipping_rules": true },
                        { "order_id": "nobody" },
                        { "order_id": "B" },
                    ],
                }),
            )
            .await;
        assert_eq!(
            answer.story(),
            json!({ "status": 202, "body": {
            "data": [{
                "parcel_id": 1,
                "parcels_ids": [1],
                "shipment_id": "1",
                "order_id": "A",
                "order_number": "N-A",
                "ship_with": with,
            }],
            "errors": [
                cannot_ship(1, "The order could not be found with the search criteria given"),
                cannot_ship(2, "The order has no valid shipping address."),
            ],
        } })
        );
        let shipment = settled(&t, "shp_1").await;
        assert_eq!((&shipment["status"], &shipment["is_ready_to_print"]), (&json!("booked"), &json!(true)));
        assert_eq!(carrier.ledger(|ledger| ledger.books_asked), 1);
    }

    async fn a_wrong_sender_address_is_told_once(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A"), order("B")]).await;
        let body = json!({
            "integration_id": 7, "sender_address_id": 4712, "orders": [{ "order_id": "A" }, { "order_id": "B" }],
        });
        assert_eq!(
            t.post(PATH, &body).await.story(),
            json!({ "status": 202, "body": {
            "data": [],
            "errors": [{
                "status": "404",
                "code": "invalid",
                "detail": "Does not exist.",
                "source": { "pointer": "/data/attributes/sender_address_id" },
            }],
        } })
        );
    }

    async fn an_order_named_twice_is_shipped_once(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        let body = json!({ "integration_id": 7, "orders": [{ "order_id": "A" }, { "order_number": "N-A" }] });
        let answer = t.post(PATH, &body).await.json();
        assert_eq!(answer["data"][0], answer["data"][1]);
        // Either of the two may have been first.
        let shipment = format!("shp_{}", answer["data"][0]["shipment_id"].as_str().unwrap());
        assert_eq!(settled(&t, &shipment).await["status"], "booked");
        assert_eq!(carrier.ledger(|ledger| ledger.books_asked), 1);
    }

    async fn one_to_twenty_orders_are_shipped_at_once(engine: Engine) {
        let t = serving(engine).await;
        let invalid = |pointer: &str, detail: &str| {
            json!({ "status": 400, "body": { "errors": [
            { "status": "400", "code": "invalid", "detail": detail, "source": { "pointer": pointer } },
        ] } })
        };
        let orders = |count: usize| json!({ "integration_id": 7, "orders": vec![json!({ "order_id": "A" }); count] });
        let place = "/data/attributes/orders";
        let few = t.post(PATH, &orders(0)).await;
        assert_eq!(few.story(), invalid(place, "List should have at least 1 item after validation, not 0"));
        let many = t.post(PATH, &orders(21)).await;
        assert_eq!(many.story(), invalid(place, "List should have at most 20 items after validation, not 21"));
        let wrong = t.post(PATH, &json!({ "integration_id": 7, "orders": [{ "order_id": 5 }] })).await;
        assert_eq!(wrong.story(), invalid("/data/attributes/orders/0/order_id", "Input should be a valid string"));
        assert_eq!(t.post(PATH, &orders(20)).await.status, 202);
    }
}
