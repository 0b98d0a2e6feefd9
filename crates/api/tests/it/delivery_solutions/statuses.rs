//! Statuses: what brings each of the 22, what a filter on it finds, and when the history says it was.

use std::collections::BTreeMap;
use std::time::Duration;

use api::delivery_solutions::statuses::{STATUSES, Source};
use domain::ids::OrderId;
use futures::future::join;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use super::fixture::{create, created, delete, history, order, order_from, scripted, serving, set_clock, shown};

/// The orders that stand in a status.
async fn found(t: &TestApp, word: &str) -> Vec<String> {
    let answer = t.post("/shipments/list", &json!({ "status": [word] })).await;
    assert_eq!(answer.status, 200, "{word}: {}", answer.text());
    let data = answer.json()["data"].as_array().unwrap().clone();
    assert!(data.iter().all(|order| order["status"] == word), "{word}: {data:?}");
    let mut ids: Vec<_> = data.iter().map(|order| order["orderExternalId"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Reports something of an order's first parcel.
async fn report(t: &TestApp, order: &Json, event: Json) {
    let id = OrderId::from_hex24(order["id"].as_str().unwrap()).unwrap().0;
    let shipments = t.get(&format!("/v1/orders/{id}/shipments")).await.json();
    let path = format!("/v1/shipments/{}/tracking-events", shipments["data"][0]["id"].as_str().unwrap());
    let answer = t.post(&path, &json!({ "events": [event] })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both_engines! {
    async fn every_status_is_brought_by_what_its_row_says_and_found_by_its_word(engine: Engine) {
        let (first, second) = (Scripted::forgetful(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        // What carriers report.
        for row in STATUSES {
            for source in row.brought_by {
                let (id, event) = match source {
                    Source::Tracking(status) => (status.as_str(), json!({ "code": "X", "status": status.as_str() })),
                    Source::Milestone(step) => (step.as_str(), json!({ "code": "X", "milestone": step.as_str() })),
                    Source::Event(_) => continue,
                };
                let placed = created(&t, &order(id)).await;
                report(&t, &placed, event).await;
                assert_eq!(shown(&t, id).await["status"], row.word, "{source:?}");
                expected.entry(row.word).or_default().push(id.to_owned());
            }
        }
        // What happens here.
        let native = json!({ "external_id": "stored", "items": [{ "name": "Cup", "quantity": 1, "weight_kg": 1 }],
            "shipping_address": { "street1": "725 Albany Street", "city": "Boston", "country": "US" } });
        assert_eq!(t.post("/v1/orders", &native).await.status, 201);
        assert_eq!(create(&t, &order_from("unserved", "closed")).await.status, 422);
        created(&t, &order("dispatched")).await;
        created(&t, &order("cancelled")).await;
        assert_eq!(delete(&t, "cancelled").await.status, 200);
        first.next_booking(Outcome::No("no"));
        second.next_booking(Outcome::No("no"));
        assert_eq!(create(&t, &order("failed")).await.status, 422);
        first.next_booking(Outcome::LostAnswer);
        assert_eq!(create(&t, &order("open")).await.status, 422);
        for (word, id) in [
            ("REQUEST_RECEIVED", "stored"), ("ESTIMATES_FAILED", "unserved"), ("ORDER_DISPATCHED", "dispatched"),
            ("ORDER_CANCELLED", "cancelled"), ("ORDER_FAILED", "failed"), ("PENDING_AUTORETRY", "open"), ("ESTIMATES_RECEIVED", "rated"),
        ] {
            expected.entry(word).or_default().push(id.to_owned());
        }
        first.next_booking(Outcome::Slow(3_000));
        let rated = order("rated");
        let look = async {
            while first.ledger(|ledger| ledger.bookings.len()) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let mut all = BTreeMap::new();
            for row in STATUSES {
                let ids = found(&t, row.word).await;
                assert_eq!(ids.is_empty(), row.brought_by.is_empty(), "{}", row.word);
                all.extend((!ids.is_empty()).then_some((row.word, ids)));
            }
            all
        };
        let (_, all) = join(create(&t, &rated), look).await;
        for ids in expected.values_mut() {
            ids.sort();
        }
        assert_eq!(all, expected);
    }

    async fn the_history_follows_the_stores_clock_over_both_changes(engine: Engine) {
        let t = serving(engine).await;
        for (id, placed_at, cancelled_at, told) in [
            ("spring", "2026-03-08T06:59:30Z", "2026-03-08T07:00:30Z", ["March 8th 2026, 1:59:30 am EST", "March 8th 2026, 3:00:30 am EDT"]),
            ("autumn", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", ["November 1st 2026, 1:30:00 am EDT", "November 1st 2026, 1:30:00 am EST"]),
        ] {
            set_clock(&t, placed_at);
            created(&t, &order(id)).await;
            set_clock(&t, cancelled_at);
            assert_eq!(delete(&t, id).await.status, 200);
            let steps = history(&t, id).await;
            let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
            assert_eq!([first["updatedAt"].as_str().unwrap(), last["updatedAt"].as_str().unwrap()], told);
            assert!(first["updatedAtEpoch"].as_u64() < last["updatedAtEpoch"].as_u64());
        }
    }
}
