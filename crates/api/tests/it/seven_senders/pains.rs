//! What hurts elsewhere, as seen through this dialect: each name begins with the row of the list of pains it is about.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::sink::Sink;
use testkit::{TestApp, on_both_engines};

use super::fixture::{newer, older, order, placed, read, shipment, told};
use crate::fixture::{builder, events, routed, serving, setup_with};

/// Every order, 7 a page, oldest first.
async fn walked(t: &TestApp) -> Vec<u64> {
    let mut ids = Vec::new();
    loop {
        let path = format!("/v2/orders.json?limit=7&offset={}", ids.len());
        let page = older(t, Method::GET, &path, "").await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json().as_array().unwrap().clone();
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|order| order["id"].as_u64().unwrap()));
    }
}

on_both_engines! {
    async fn a5_one_order_posted_100_times_in_parallel_stays_one(engine: Engine) {
        let t = serving(engine).await;
        let form = "shop_order_id=A&shop_order_date=2026-03-01T09:00:00%2B0100&boarding_complete=0&order_tags={\"a\":1}";
        let answers = join_all((0..100).map(|_| older(&t, Method::POST, "/v2/orders.json", form))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200_u16; 99], vec![201]].concat());
        assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
        assert_eq!(walked(&t).await, [answers[0].json()["id"].as_u64().unwrap()]);
        assert_eq!(events(&t).await, ["order.created"], "the same order again is no news");
    }

    async fn a5_one_shipment_told_of_20_times_in_parallel_stays_one(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        let body = shipment("A", "JJD1");
        let answers = join_all((0..20).map(|_| newer(&t, Method::POST, "/v2/shipments", &body))).await;
        for answer in &answers {
            assert_eq!((answer.status.as_u16(), &answer.json()["iri"]), (201, &answers[0].json()["iri"]), "{}", answer.text());
        }
        assert_eq!(read(&t, "/v2/shipments").await.as_array().unwrap().len(), 1);
    }

    async fn a5_a_client_that_pages_while_others_write_misses_none(engine: Engine) {
        let t = serving(engine).await;
        let acknowledged = Mutex::new(BTreeSet::new());
        let is_over = AtomicBool::new(false);
        let writing = async {
            join_all((0..3).map(async |writer| {
                for n in 0..20 {
                    let id = placed(&t, &order(&format!("{writer}-{n}"))).await;
                    acknowledged.lock().unwrap().insert(id);
                }
            }))
            .await;
            is_over.store(true, Ordering::SeqCst);
        };
        // What was there when a walk began is in it.
        let walking = async {
            let mut walks = 0;
            while !is_over.load(Ordering::SeqCst) {
                let before = acknowledged.lock().unwrap().clone();
                let found: BTreeSet<_> = walked(&t).await.into_iter().collect();
                assert_eq!(before.difference(&found).count(), 0, "an order is missed");
                walks += 1;
                tokio::task::yield_now().await;
            }
            walks
        };
        let ((), walks) = futures::join!(writing, walking);
        assert!(walks > 1, "the list was walked {walks} times");
        assert_eq!(walked(&t).await, acknowledged.lock().unwrap().iter().copied().collect::<Vec<_>>(), "each once");
    }

    async fn e4_a_number_that_is_corrected_is_kept_and_one_event_tells_old_and_new(engine: Engine) {
        let sink = Sink::start().await;
        let endpoint = format!("[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"native\"\nevents = [\"*\"]\n", sink.url);
        let t = routed(builder(engine).setup(setup_with(&endpoint)).build().await);
        placed(&t, &order("A")).await;
        let id = told(&t, &shipment("A", "JJD1")).await;
        let path = format!("/v2/shipments/{id}");
        for code in ["JJD2", "JJD2", ""] {
            let changed = newer(&t, Method::PUT, &path, &json!({ "tracking_code": code })).await;
            assert_eq!(changed.status, 200, "{}", changed.text());
            let shown = read(&t, &path).await;
            assert_eq!(json!([shown["tracking_code"], shown["former_tracking_codes"]]), json!(["JJD2", ["JJD1"]]), "{code:?}");
        }
        // Marking the order says nothing of its labels.
        newer(&t, Method::POST, "/v2/order_states", &json!({ "order_id": "A", "state": "returned", "datetime": "2026-03-03" })).await;
        newer(&t, Method::POST, "/v2/orders", &order("A")).await;
        newer(&t, Method::PUT, "/v2/orders/1", &json!({ "boarding_complete": true })).await;
        assert_eq!(read(&t, "/v2/orders/1").await["shipments"][0]["tracking_code"], "JJD2");
        t.run_jobs().await;
        let told: Vec<Json> = sink.received().iter().map(|received| serde_json::from_slice(&received.body).unwrap()).collect();
        let replaced: Vec<_> = told.iter().filter(|body| body["type"] == "shipment.replaced").collect();
        assert_eq!(replaced.len(), 1, "{told:?}");
        assert_eq!(json!([replaced[0]["data"]["old"], replaced[0]["data"]["new"]]), json!(["JJD1", "JJD2"]));
    }

    async fn e4_nobody_hears_of_a_dispatch_before_there_is_a_number(engine: Engine) {
        let sink = Sink::start().await;
        let endpoint = format!("[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"delivery_solutions\"\nevents = [\"*\"]\n", sink.url);
        let t = routed(builder(engine).setup(setup_with(&endpoint)).build().await);
        placed(&t, &order("A")).await;
        let mut known = shipment("A", "");
        known["reference_number"] = json!("REF-1");
        let id = told(&t, &known).await;
        let path = format!("/v2/shipments/{id}");
        let shown = read(&t, &path).await;
        assert_eq!(json!([shown["tracking_code"], shown["reference_number"]]), json!(["", "REF-1"]));
        let dispatched = async || {
            t.run_jobs().await;
            let bodies = sink.received().into_iter().map(|received| serde_json::from_slice::<Json>(&received.body).unwrap());
            bodies.filter(|body| body["status"] == "ORDER_DISPATCHED").map(|body| body["trackingNumber"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(dispatched().await, [json!(null); 0]);
        newer(&t, Method::PUT, &path, &json!({ "tracking_code": "BRT-1" })).await;
        let shown = read(&t, &path).await;
        assert_eq!(json!([shown["tracking_code"], shown["reference_number"], shown.get("former_tracking_codes")]), json!(["BRT-1", "REF-1", null]));
        assert_eq!(dispatched().await, [json!("BRT-1")]);
        assert_eq!(events(&t).await, ["order.created", "shipment.recorded", "shipment.recorded"]);
        assert_eq!(super::fixture::states(&read(&t, "/v2/orders/1").await).len(), 2, "it is shipped once");
    }

    async fn e4_a_label_of_ours_keeps_the_number_of_its_carrier(engine: Engine) {
        let t = serving(engine).await;
        crate::fixture::place(&t, [crate::fixture::order("B")]).await;
        assert_eq!(crate::fixture::ship(&t, "B").await.status, 201);
        let ours = read(&t, "/v2/shipments?order_id=B").await[0].clone();
        let path = format!("/v2/shipments/{}", ours["id"]);
        let refused = newer(&t, Method::PUT, &path, &json!({ "tracking_code": "MINE" })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["violations"][0]["propertyPath"]), (400, &json!("tracking_code")));
        let changed = newer(&t, Method::PUT, &path, &json!({ "tracking_code": ours["tracking_code"], "comment": "Ring twice" })).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(json!([changed.json()["tracking_code"], changed.json()["comment"]]), json!([ours["tracking_code"], "Ring twice"]));
    }
}
