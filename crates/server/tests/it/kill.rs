//! What was acknowledged is there after a kill, at whatever instant it came.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::process::{Place, client};

fn order(number: u64) -> Json {
    json!({
        "order_id": format!("kill-{number}"),
        "order_number": format!("K-{number}"),
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "paid" },
            "order_created_at": "2026-03-02T10:00:00.555Z",
            "order_items": [{ "name": "Orange", "quantity": 1, "total_price": { "value": 3.5, "currency": "EUR" } }],
        },
        "payment_details": { "total_price": { "value": 3.5, "currency": "EUR" }, "status": { "code": "paid" } },
    })
}

/// Every order id the server lists, following the `Link` header to the end.
async fn listed(client: &reqwest::Client, url: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = Some(format!("{url}/api/v3/orders?page_size=200"));
    while let Some(page) = next {
        let answer = client.get(&page).basic_auth("pub-acme", Some("sec-acme")).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned()).unwrap_or_default();
        let body: Json = answer.json().await.unwrap();
        ids.extend(body["data"].as_array().unwrap().iter().map(|order| order["order_id"].as_str().unwrap().to_owned()));
        let of_next = link.split(", ").find(|link| link.ends_with("rel=\"next\""));
        next = of_next.map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
    }
    ids
}

on_both_engines! {
    async fn every_acknowledged_order_survives_a_kill_in_the_middle_of_a_load(engine: Engine) {
        let place = Place::new(engine, "kill").await;
        let client = client();
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        let numbers = Arc::new(AtomicU64::new(0));
        for round in 0..3_u64 {
            let server = place.serve();
            let posts: Vec<_> = (0..8)
                .map(|_| {
                    let (client, url) = (client.clone(), server.url.clone());
                    let (acknowledged, numbers) = (Arc::clone(&acknowledged), Arc::clone(&numbers));
                    tokio::spawn(async move {
                        for _ in 0..2_000 {
                            let first = numbers.fetch_add(5, Ordering::Relaxed);
                            let batch: Vec<_> = (first..first + 5).map(order).collect();
                            let post = client.post(format!("{url}/api/v3/orders")).json(&batch);
                            let Ok(answer) = post.basic_auth("pub-acme", Some("sec-acme")).send().await else { return };
                            if answer.status() != 201 {
                                return;
                            }
                            let ids = (first..first + 5).map(|number| format!("kill-{number}"));
                            acknowledged.lock().unwrap().extend(ids);
                        }
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(300 + 170 * round)).await;
            server.kill();
            for post in posts {
                post.await.unwrap();
            }
        }
        let server = place.serve();
        let found = listed(&client, &server.url).await;
        let unique: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "no order is listed twice");
        let acknowledged = acknowledged.lock().unwrap().clone();
        assert!(acknowledged.len() > 50, "only {} orders were acknowledged", acknowledged.len());
        let lost: Vec<_> = acknowledged.difference(&unique).collect();
        assert!(lost.is_empty(), "{} of {} acknowledged orders are lost: {lost:?}", lost.len(), acknowledged.len());
        assert!(server.stop(), "a stop ends well");
    }
}
