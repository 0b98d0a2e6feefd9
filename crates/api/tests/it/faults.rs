//! Faults of what lies below: a full disk, a folder nobody can write, a database that is gone or lost in the middle.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::channel::Dialect;
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, Engine, Fault, TestApp, on_both_engines};

use crate::fixture::{bare, builder, order, place, routed, serving, ship};
use crate::openapi::operations;

/// What a dialect says when the store does not work.
fn unavailable(dialect: Dialect) -> Json {
    let body = if dialect == Dialect::Native {
        json!({
            "type": "/docs/errors#unavailable",
            "title": "Unavailable",
            "status": 503,
            "detail": "The server cannot do this now. Please try again in a moment.",
        })
    } else if dialect == Dialect::SevenSenders {
        json!({
            "type": "https://tools.ietf.org/html/rfc2616#section-10",
            "title": "An error occurred",
            "detail": "The service is busy. Please try again in a moment.",
        })
    } else if dialect == Dialect::Crowdsender {
        json!({ "code": 503, "info": "the server cannot do this now: try again in a moment", "data": null })
    } else if dialect == Dialect::Expertsender {
        let detail = "The service is busy: try again in a moment.";
        json!({
            "type": "https://tools.ietf.org/html/rfc7231#section-6.6.4",
            "title": "Service Unavailable",
            "status": 503,
            "substatus": "ServiceUnavailable",
            "detail": detail,
            "instance": "",
            "errors": [detail],
        })
    } else {
        json!({ "errors": [{
            "status": "503",
            "code": "unavailable",
            "title": "Service unavailable",
            "detail": "The service is busy. Please try again in a moment.",
        }] })
    };
    json!({ "status": 503, "body": body })
}

fn assert_unavailable(dialect: Dialect, answer: &Answer, asked: &str) {
    assert_eq!(answer.story(), unavailable(dialect), "{asked}");
    assert_eq!(answer.header("retry-after"), "1", "{asked}");
}

/// The ids of all orders.
async fn listed(t: &TestApp) -> BTreeSet<String> {
    let answer = t.get("/api/v3/orders?page_size=200").await;
    assert_eq!((answer.status.as_u16(), answer.header("link")), (200, ""), "{}", answer.text());
    let data = answer.json()["data"].as_array().unwrap().clone();
    data.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()).collect()
}

async fn pages_of_sqlite(t: &TestApp, most: u32) {
    let sql = format!("pragma max_page_count = {most}");
    t.app.store().write(async move |tx| tx.rows(&sql, &[]).await.map(drop)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    let t = serving(Engine::Sqlite).await;
    place(&t, [order("before")]).await;
    pages_of_sqlite(&t, 1).await;
    let large = |n: usize| {
        let mut order = order(&format!("{n}"));
        // Every second one needs more room than there may be left.
        order["order_details"]["notes"] = json!("x".repeat(if n.is_multiple_of(2) { 1 } else { 60_000 }));
        json!([order])
    };
    let answers = join_all((0..40).map(async |n| (n, t.post("/api/v3/orders", &large(n)).await))).await;
    let mut expected = BTreeSet::from(["before".to_owned()]);
    for (n, answer) in &answers {
        match answer.status.as_u16() {
            201 => drop(expected.insert(n.to_string())),
            _ => assert_unavailable(Dialect::Sendcloud, answer, "POST"),
        }
    }
    assert!(answers.iter().any(|(_, answer)| answer.status == 503), "the disk was full");
    assert_eq!(listed(&t).await, expected, "what is read can be read, and what was told is true");
    let native = json!({ "items": [{ "name": "x".repeat(9_000), "quantity": 1 }], "notes": "x".repeat(9_000) });
    assert_unavailable(Dialect::Native, &t.post("/v1/orders", &native).await, "POST");
    pages_of_sqlite(&t, 1_000_000).await;
    place(&t, [order("after")]).await;
    expected.insert("after".to_owned());
    assert_eq!(listed(&t).await, expected);
    t.run_jobs().await;
    let feed = t.get("/v1/events").await.json();
    assert_eq!(feed["data"].as_array().unwrap().len(), expected.len(), "an event an order");
}

on_both_engines! {
    async fn a_documents_folder_nobody_can_write_costs_a_label_and_no_second_booking(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        // A file where the tenant's folder should be stops root too.
        let folder = t.blobs.join("acme");
        std::fs::write(&folder, "in the way").unwrap();
        assert_unavailable(Dialect::Sendcloud, &ship(&t, "A").await, "create-label-sync");
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        let shown = |shipments: &Json| (shipments["data"].as_array().unwrap().len(), shipments["data"][0]["status"].clone());
        assert_eq!(shown(&shipments), (1, json!("booked")));
        assert_unavailable(Dialect::Native, &t.get("/v1/parcels/pcl_1/label").await, "label");
        t.run_jobs().await;
        std::fs::remove_file(&folder).unwrap();
        let again = ship(&t, "A").await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert_eq!(shown(&t.get("/v1/orders/ord_1/shipments").await.json()), (1, json!("booked")));
        t.run_jobs().await;
        assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 200);
        let link = again.json()["data"]["documents"][0]["link"].as_str().unwrap().to_owned();
        let path = format!("/d/{}", link.rsplit_once('/').unwrap().1);
        assert_eq!(bare(&t, &[], Method::GET, &path, "").await.status, 200);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "in the way").unwrap();
        let broken = bare(&t, &[], Method::GET, &path, "").await;
        assert_eq!((broken.status.as_u16(), broken.header("retry-after")), (503, "1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_is_told_by_every_route_and_the_next_request_after_it_works() {
    let (t, proxy) = builder(Engine::Postgres).build_behind_a_proxy().await;
    let t = routed(t);
    place(&t, [order("A")]).await;
    for fault in [Fault::Gone, Fault::Silent] {
        proxy.set(fault);
        let unknown = bare(&t, &[("authorization", "Bearer nobody-knows")], Method::GET, "/v1/events", "").await;
        assert_unavailable(Dialect::Native, &unknown, "whether a key is wrong cannot be known now");
        assert_eq!(bare(&t, &[], Method::GET, "/readyz", "").await.status, 503);
        assert_eq!(bare(&t, &[], Method::GET, "/healthz", "").await.status, 200);
        // To wait for silence takes a second a request, so the routes are asked when they are told at once.
        let asked = Dialect::ALL.into_iter().filter(|_| fault == Fault::Gone);
        for dialect in asked.filter(|dialect| !api::routes_of(*dialect).is_empty()) {
            // What takes the installation's secret knows no key.
            let with_key =
                operations(dialect).into_iter().filter(|operation| !operation.path.starts_with("/v1/tenants"));
            let asked = with_key.map(async |operation| {
                let answer = t.call(operation.method.clone(), &operation.of_something(), operation.body()).await;
                (operation.name(), answer)
            });
            for (name, answer) in join_all(asked).await {
                // What the cache still knows may be told; nothing may be ours to mend, nor the caller's key wrong.
                match answer.status.as_u16() {
                    503 => assert_unavailable(dialect, &answer, &name),
                    // The clients of this dialect know 500 only, which they may repeat.
                    500 if dialect == Dialect::DeliverySolutions => {
                        let kind = answer.json()["type"].clone();
                        assert_eq!(
                            (kind, answer.header("retry-after")),
                            (json!("INTERNAL_SERVER_ERROR"), "1"),
                            "{name}"
                        );
                    }
                    status => assert!(status < 500 && status != 401, "{name}: {status} {}", answer.text()),
                }
            }
        }
        proxy.set(Fault::None);
        assert_eq!(t.get("/api/v3/orders/1").await.status, 200);
        place(&t, [order("B")]).await;
        assert_eq!(listed(&t).await, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_commit_was_lost_is_told_as_such_and_posting_it_again_keeps_one() {
    let (t, proxy) = builder(Engine::Postgres).build_behind_a_proxy().await;
    let t = routed(t);
    place(&t, [order("warm")]).await;
    for (fault, id, is_stored) in [(Fault::BeforeCommit, "A", false), (Fault::AfterCommit, "B", true)] {
        // The look at the set-up is behind us, so that the first commit that is met is the order's.
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        listed(&t).await;
        proxy.set(fault);
        let answer = t.post("/api/v3/orders", &json!([order(id)])).await;
        assert_unavailable(Dialect::Sendcloud, &answer, id);
        proxy.set(Fault::None);
        // The server commits what it was sent although nobody waits for its answer any more, in its own time.
        let mut tries = 0;
        while is_stored && !listed(&t).await.contains(id) && tries < 100 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            tries += 1;
        }
        assert_eq!(listed(&t).await.contains(id), is_stored, "{id}");
        place(&t, [order(id)]).await;
        assert!(listed(&t).await.contains(id));
    }
    t.run_jobs().await;
    let feed = t.get("/v1/events").await.json();
    let kinds: Vec<_> = feed["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["order.created"; 3], "an event an order, however often it was posted");
}

/// Asks until the feed holds so many events; what never comes fails the test.
async fn comes_into_the_feed(t: &TestApp, count: usize) {
    for _ in 0..600 {
        if t.get("/v1/events").await.json()["data"].as_array().is_some_and(|events| events.len() == count) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the jobs did not go on: {}", t.get("/v1/events").await.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_go_on_after_every_kind_of_fault() {
    let (t, proxy) = builder(Engine::Postgres).build_behind_a_proxy().await;
    let t = routed(t);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let jobs = tokio::spawn({
        let app = t.app.clone();
        async move { app.run_jobs(stopped).await }
    });
    place(&t, [order("first")]).await;
    comes_into_the_feed(&t, 1).await;
    for (turn, fault) in
        [Fault::AfterCommit, Fault::BeforeCommit, Fault::Gone, Fault::AfterCommit].into_iter().enumerate()
    {
        place(&t, [order(&format!("{turn}"))]).await;
        proxy.set(fault);
        // Each job wakes at least once a second, so some meet the fault while they hold their lease.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        proxy.set(Fault::None);
        // The clock stands still, so a lease that was not given back would never run out.
        comes_into_the_feed(&t, turn + 2).await;
    }
    stop.send_replace(true);
    jobs.await.unwrap();
}
