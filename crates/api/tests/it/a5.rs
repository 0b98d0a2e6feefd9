//! Retries, parallel imports and pages: no order is there twice, none is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::future::{join, join_all};
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{order, serving};

/// Who posts at once, and how many orders each.
const WRITERS: usize = 4;
const ORDERS: usize = 40;

/// A native order.
fn native(external_id: &str) -> Json {
    json!({ "external_id": external_id, "items": [{ "name": "Orange", "quantity": 1 }] })
}

/// The feed after a position: the place it ends at, and what is in it.
async fn feed(t: &TestApp, after: i64) -> (i64, Vec<Json>) {
    let answer = t.get(&format!("/v1/events?after={after}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let events = answer.json()["data"].as_array().unwrap().clone();
    (events.last().map_or(after, |event| event["position"].as_i64().unwrap()), events)
}

/// Every order of the list, by the `Link` header, seven a page.
async fn listed(t: &TestApp) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = Some("/api/v3/orders?page_size=7".to_owned());
    while let Some(path) = next {
        let answer = t.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        ids.extend(
            answer.json()["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|order| order["order_id"].as_str().unwrap().to_owned()),
        );
        let link = answer.header("link").split(", ").find(|link| link.ends_with("rel=\"next\"")).map(str::to_owned);
        next = link.map(|link| link.split(['<', '>']).nth(1).unwrap().replace("http://waybill.example", ""));
    }
    ids
}

on_both_engines! {
    async fn a5_one_order_posted_100_times_in_parallel_stays_one(engine: Engine) {
        let t = serving(engine).await;
        let (a, b) = (json!([order("A")]), native("B"));
        let sendcloud = join_all((0..100).map(|_| t.post("/api/v3/orders", &a)));
        let native = join_all((0..100).map(|_| t.post("/v1/orders", &b)));
        let (sendcloud, native) = join(sendcloud, native).await;
        for answer in &sendcloud {
            assert_eq!((answer.status.as_u16(), answer.json()), (201, sendcloud[0].json()));
        }
        let mut statuses = BTreeMap::new();
        for answer in &native {
            assert_eq!(answer.json(), native[0].json());
            *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(200, 99), (201, 1)]));
        let mut both = listed(&t).await;
        both.sort();
        assert_eq!(both, ["A", "B"]);
        t.run_jobs().await;
        let (_, events) = feed(&t, 0).await;
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["order.created"; 2], "the same order again is no news");
    }

    async fn a5_a_client_that_pages_while_others_write_gets_every_order_exactly_once(engine: Engine) {
        let t = serving(engine).await;
        let acknowledged = Mutex::new(BTreeSet::new());
        let (is_over, walks) = (AtomicBool::new(false), AtomicUsize::new(0));
        let writing = async {
            join_all((0..WRITERS).map(async |writer| {
                for n in 0..ORDERS {
                    // Not faster than somebody reads, whatever the machine.
                    while n == ORDERS / 2 && walks.load(Ordering::SeqCst) < 2 {
                        tokio::task::yield_now().await;
                    }
                    let id = format!("{writer}-{n}");
                    let answer = t.post("/api/v3/orders", &json!([order(&id), order(&format!("{id}+"))])).await;
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    acknowledged.lock().unwrap().extend([format!("{id}+"), id]);
                }
            }))
            .await;
            is_over.store(true, Ordering::SeqCst);
        };
        let numbering = async {
            while !is_over.load(Ordering::SeqCst) {
                t.run_jobs().await;
                tokio::task::yield_now().await;
            }
        };
        // Walks the list again and again: what was there when a walk began is in it, and nothing twice.
        let walking = async {
            while !is_over.load(Ordering::SeqCst) {
                let before = acknowledged.lock().unwrap().clone();
                let found = listed(&t).await;
                let unique: BTreeSet<_> = found.iter().cloned().collect();
                assert_eq!(unique.len(), found.len(), "an order is listed twice");
                assert_eq!(before.difference(&unique).count(), 0, "an order is missed");
                walks.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        };
        // Follows the feed from where it was, and never looks back.
        let following = async {
            let (mut place, mut created) = (0, Vec::new());
            loop {
                let is_last = is_over.load(Ordering::SeqCst);
                if is_last {
                    t.run_jobs().await;
                }
                let (reached, events) = feed(&t, place).await;
                let is_end = events.is_empty();
                place = reached;
                created.extend(events.into_iter().filter(|event| event["type"] == "order.created"));
                if is_last && is_end {
                    return created;
                }
                tokio::task::yield_now().await;
            }
        };
        let ((), (), (), created) = futures::join!(writing, numbering, walking, following);
        let walks = walks.into_inner();
        assert!(walks > 1, "the list was walked {walks} times");
        let orders: BTreeSet<_> = created.iter().map(|event| event["data"]["order"].as_str().unwrap()).collect();
        assert_eq!((created.len(), orders.len()), (WRITERS * ORDERS * 2, WRITERS * ORDERS * 2));
        assert_eq!(listed(&t).await.into_iter().collect::<BTreeSet<_>>(), *acknowledged.lock().unwrap());
    }
}
