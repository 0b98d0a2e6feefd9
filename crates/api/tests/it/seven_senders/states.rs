//! States: set by clients, and those that come by themselves.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{newer, older, order, placed, read, reported, set, shipment, states, told};
use crate::fixture::{events, place, scripted, serving, ship};

fn step(state: &str, at: &str) -> (String, String) {
    (state.to_owned(), at.to_owned())
}

on_both_engines! {
    async fn states_are_shown_newest_first_and_the_one_that_came_last_is_the_orders(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        for (state, at) in [("paid", "2026-03-01T12:00:00+01:00"), ("in_production", "2026-03-01T11:00:00+01:00"), ("paid", "2026-03-01T12:00:00+01:00")] {
            t.clock.advance(Duration::from_mins(1));
            let answer = set(&t, "A", state, at).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (201, "/v2/orders/1"), "{}", answer.text());
        }
        let shown = read(&t, "/v2/orders/1").await;
        assert_eq!(states(&shown), [step("paid", "2026-03-01T11:00:00+0000"), step("in_production", "2026-03-01T10:00:00+0000"), step("new", "2026-03-01T08:00:00+0000")]);
        assert_eq!(shown["state"], "in_production", "it came last, though it names an earlier time");
        let ids: std::collections::BTreeSet<_> = shown["states_history"].as_array().unwrap().iter().map(|step| step["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), 3);
        // Each change is an event with old and new value; the same said again is none.
        t.run_jobs().await;
        let feed = t.get("/v1/events").await.json();
        let changes: Vec<_> = feed["data"].as_array().unwrap().iter().map(|event| json!([event["type"], event["data"]["old"], event["data"]["new"]])).collect();
        assert_eq!(json!(changes), json!([["order.created", null, null], ["order.updated", "new", "paid"], ["order.updated", "paid", "in_production"]]));
        let form = "shop_order_id=A&state=in_preparation&datetime=2026-03-02T09:00:00+0100&location=Hall+1";
        assert_eq!(older(&t, Method::POST, "/v2/order-states.json", form).await.status, 201);
        let shown = older(&t, Method::GET, "/v2/orders/1.json", "").await.json();
        let latest = &shown["states_history"][0];
        assert_eq!(json!([latest["name"], latest["datetime"], latest["location"], latest["order"]]), json!(["in_preparation", "2026-03-02T08:00:00+0000", "Hall 1", null]));
    }

    async fn an_order_is_shipped_with_its_first_shipment_and_completed_when_all_is_told_and_delivered(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        set(&t, "A", "paid", "2026-03-01T12:00:00Z").await;
        told(&t, &shipment("A", "JJD1")).await;
        let state = async || read(&t, "/v2/orders/1").await["state"].as_str().unwrap().to_owned();
        assert_eq!(state().await, "shipped");
        // What a client sets stands until something of ours changes.
        t.clock.advance(Duration::from_mins(1));
        set(&t, "A", "warehouse_handover", "2026-03-02T11:00:00Z").await;
        assert_eq!(state().await, "warehouse_handover");
        t.clock.advance(Duration::from_mins(1));
        reported(&t, "shp_1", json!([{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T12:00:00Z" }])).await;
        assert_eq!(state().await, "warehouse_handover", "nobody said that every shipment was told of");
        newer(&t, Method::PUT, "/v2/orders/1", &json!({ "boarding_complete": true })).await;
        assert_eq!(state().await, "completed");
        let shown = read(&t, "/v2/orders/1").await;
        assert_eq!(states(&shown), [
            step("completed", "2026-03-02T12:00:00+0000"), step("warehouse_handover", "2026-03-02T11:00:00+0000"),
            step("shipped", "2026-03-02T10:00:00+0000"), step("paid", "2026-03-01T12:00:00+0000"), step("new", "2026-03-01T08:00:00+0000"),
        ]);
        // A second parcel is on its way, and arrives.
        t.clock.advance(Duration::from_mins(1));
        told(&t, &shipment("A", "JJD2")).await;
        reported(&t, "shp_2", json!([{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T13:00:00Z" }])).await;
        assert_eq!(states(&read(&t, "/v2/orders/1").await)[0], step("completed", "2026-03-02T13:00:00+0000"));
        // A parcel that comes back is no delivery that is missing.
        let mut back = shipment("A", "BACK-1");
        back["return_parcel"] = json!(true);
        told(&t, &back).await;
        assert_eq!(state().await, "completed");
    }

    async fn states_that_come_by_themselves_cannot_be_set(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        for state in ["shipped", "completed", "lost", ""] {
            let refused = set(&t, "A", state, "2026-03-01").await;
            assert_eq!((refused.status.as_u16(), &refused.json()["violations"][0]["propertyPath"]), (400, &json!("state")), "{state}");
        }
        let refused = newer(&t, Method::POST, "/v2/order_states", &json!({})).await.json();
        let told: Vec<_> = refused["violations"].as_array().unwrap().iter().map(|one| one["propertyPath"].clone()).collect();
        assert_eq!(json!(told), json!(["order_id", "state", "datetime"]));
        // Only an order without items is refunded.
        place(&t, [crate::fixture::order("B")]).await;
        assert_eq!(set(&t, "B", "refunded", "2026-03-01").await.status, 400);
        assert_eq!(set(&t, "A", "refunded", "2026-03-01").await.status, 201);
    }

    async fn cancelled_voids_the_label_at_its_carrier_first(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [crate::fixture::order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        assert_eq!(read(&t, "/v2/orders/1").await["state"], "shipped");
        let answer = set(&t, "A", "cancelled", "2026-03-02T10:00:00Z").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (201, &json!("cancelled")), "{}", answer.text());
        assert_eq!(carrier.ledger(|ledger| (ledger.cancels_asked, ledger.booked.len())), (1, 0));
        assert_eq!(states(&answer.json()).len(), 2, "it was not shipped after all: {}", answer.text());
        assert_eq!(ship(&t, "A").await.status, 409, "a cancelled order is never booked");
        let again = set(&t, "A", "cancelled", "2026-03-02T10:00:00Z").await;
        assert_eq!((again.status.as_u16(), states(&again.json()).len()), (201, 2));
    }

    async fn a_client_that_cancels_gets_its_answer_and_a_person_hears_what_the_carrier_refused(engine: Engine) {
        let carrier = Scripted::new();
        carrier.next_cancel(Outcome::No("too late: it was handed over"));
        let t = scripted(engine, &carrier).await;
        place(&t, [crate::fixture::order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        let answer = set(&t, "A", "cancelled", "2026-03-02T10:00:00Z").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (201, &json!("cancelled")), "{}", answer.text());
        assert_eq!(answer.json()["shipments"].as_array().unwrap().len(), 1, "the parcel is on its way");
        assert_eq!(events(&t).await.last().unwrap(), "shipment.cancel_refused");
        assert_eq!(carrier.ledger(|ledger| ledger.booked.len()), 1);
        let empty: Json = read(&t, "/v2/orders?order_id=nobody").await;
        assert_eq!(empty, json!([]));
    }
}
