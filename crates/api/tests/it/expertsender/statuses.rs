//! The shop's status: set, kept, and what "canceled" does.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use super::{ask, batch, done, is, order, post, refusal, sent, shown};
use crate::fixture::{bare, events, key, patch, scripted, serving, serving_setup, setup_with, ship};

async fn set(t: &TestApp, id: &str, status: &str) -> testkit::Answer {
    ask(t, Method::PUT, "/orders/status", &json!({ "orderId": id, "orderStatus": status })).await
}

/// An order of this dialect with an address from another one, and its label.
async fn labelled(t: &TestApp) {
    sent(t, "Add", order("A")).await;
    let address = json!({ "shipping_address": {
        "name": "Ann Example", "address_line_1": "Stadhuisplein", "house_number": "15", "postal_code": "5341AB",
        "city": "Oss", "country_code": "NL",
    } });
    assert_eq!(patch(t, "/api/v3/orders/1", &address).await.status, 200);
    let label = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
    assert_eq!(label.status, 201, "{}", label.text());
}

on_both_engines! {
    async fn a_status_is_taken_in_any_letter_case_and_shown_in_one(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        for (word, shown_as) in [("Paid", "paid"), ("COMPLETED", "completed"), ("placed", "placed")] {
            assert_eq!(set(&t, "A", word).await.story(), done(200));
            assert_eq!(shown(&t, "A").await["status"], shown_as);
        }
        // Other dialects see the word and how it was written.
        set(&t, "A", "Paid").await;
        let elsewhere = t.get("/api/v3/orders/1").await.json();
        assert_eq!(elsewhere["data"]["order_details"]["status"], json!({ "code": "paid", "message": "Paid" }));
        assert_eq!(refusal(&set(&t, "A", "shipped").await), is(400, &[
            "orderStatus: expected one of placed, paid, completed, canceled, found \"shipped\"",
        ]));
        let unknown = set(&t, "B", "paid").await;
        assert_eq!(refusal(&unknown), is(400, &["orderId: Order with id 'B' does not exist"]));
        assert_eq!(unknown.json()["substatus"], "OrderNotFound");
        let empty = ask(&t, Method::PUT, "/orders/status", &json!({ "orderId": "", "orderStatus": "" })).await;
        assert_eq!(refusal(&empty), is(400, &[
            "orderId: expected at least 1 character(s), found \"\"",
            "orderStatus: expected at least 1 character(s), found \"\"",
        ]));
    }

    async fn a_status_that_is_not_sent_stays_as_it_was(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "AddOrReplace", order("A")).await;
        assert_eq!(shown(&t, "A").await["status"], "placed", "nobody said anything yet");
        set(&t, "A", "paid").await;
        for status in [Json::Null, json!("")] {
            let mut again = order("A");
            (again["status"], again["totalValue"]) = (status, json!(9));
            sent(&t, "AddOrReplace", again).await;
            let now = shown(&t, "A").await;
            assert_eq!((&now["status"], &now["totalValue"]), (&json!("paid"), &json!(9)));
        }
    }

    async fn canceled_voids_the_label_and_nothing_ships_the_order_any_more(engine: Engine) {
        for through in ["status", "order"] {
            let carrier = Scripted::new();
            let t = scripted(engine, &carrier).await;
            labelled(&t).await;
            let answer = if through == "status" {
                set(&t, "A", "Cancelled").await
            } else {
                let mut again = order("A");
                again["status"] = json!("Cancelled");
                post(&t, "/orders", &batch("AddOrReplace", [again])).await
            };
            assert!(answer.status.is_success(), "{through}: {}", answer.text());
            assert_eq!(carrier.ledger(|ledger| (ledger.cancels_asked, ledger.booked.len())), (1, 0), "{through}");
            assert_eq!(shown(&t, "A").await["status"], "canceled");
            assert_eq!(t.get("/v1/shipments/shp_1").await.json()["status"], "cancelled");
            assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({})).await.status, 409);
            assert!(events(&t).await.contains(&"order.cancelled".to_owned()));
            // Said again, it is no news.
            assert_eq!(set(&t, "A", "canceled").await.story(), done(200));
            assert_eq!(carrier.ledger(|ledger| ledger.cancels_asked), 1);
        }
    }

    async fn what_the_carrier_refuses_is_told_to_a_person_and_not_to_the_shop(engine: Engine) {
        let carrier = Scripted::new();
        carrier.next_cancel(Outcome::No("too late: it was handed over"));
        let t = scripted(engine, &carrier).await;
        labelled(&t).await;
        assert_eq!(set(&t, "A", "canceled").await.story(), done(200));
        assert_eq!(shown(&t, "A").await["status"], "canceled");
        assert_eq!(t.get("/v1/shipments/shp_1").await.json()["status"], "booked");
        assert!(events(&t).await.contains(&"shipment.cancel_refused".to_owned()));
    }

    async fn an_order_without_a_status_shows_where_it_stands(engine: Engine) {
        let t = serving(engine).await;
        let placed = t.post("/api/v3/orders", &json!([crate::fixture::order("S")])).await;
        assert_eq!(placed.status, 201);
        // Its payment is paid for, and its own status is no word of this dialect.
        assert_eq!(shown(&t, "S").await["status"], "paid");
        assert!(ship(&t, "S").await.status.is_success());
        let delivered = json!({ "events": [{ "code": "delivered", "status": "delivered" }] });
        let told = t.post("/v1/shipments/shp_1/tracking-events", &delivered).await;
        assert_eq!(told.status, 200, "{}", told.text());
        let now = shown(&t, "S").await;
        assert_eq!(now, json!({
            "id": "S",
            "date": "2026-03-01T09:00:00.000Z",
            "timeZone": null,
            "websiteId": null,
            "status": "completed",
            "currency": "EUR",
            "totalValue": 3.5,
            "returnsValue": null,
            "customer": { "id": null, "email": null, "phone": "0612345678", "crmId": null },
            "products": [{
                "id": "OR-1", "name": "Orange", "price": 1.75, "quantity": 2, "returned": null, "url": null,
                "imageUrl": null, "category": null, "productAttributes": null,
            }],
            "orderAttributes": null,
        }));
    }

    async fn a_key_that_may_only_write_may_cancel_and_one_that_may_only_read_may_not(engine: Engine) {
        let keys = [key("writer", "[\"write\"]"), key("reader", "[\"read\"]")].concat();
        let t = serving_setup(engine, &setup_with(&keys)).await;
        sent(&t, "Add", order("A")).await;
        let body = json!({ "orderId": "A", "orderStatus": "canceled" }).to_string();
        let ask = async |secret: &str| bare(&t, &[("x-api-key", secret)], Method::PUT, "/orders/status", &body).await;
        let denied = ask("sec-reader").await;
        assert_eq!((denied.status.as_u16(), denied.json()["substatus"].clone()), (401, json!("Forbidden")));
        assert_eq!(shown(&t, "A").await["status"], "placed");
        assert_eq!(ask("sec-writer").await.story(), done(200));
        assert_eq!(shown(&t, "A").await["status"], "canceled");
    }
}
