//! Orders in a state: found by what a job keeps behind the events, and by what it has not seen yet.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::fixture::{newer, older, order, placed, reported, set, shipment, told};
use crate::fixture::{OTHER, place, serving};

async fn list(t: &TestApp, query: &str) -> Vec<Json> {
    let answer = older(t, Method::GET, &format!("/v2/orders.json?{query}"), "").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json().as_array().unwrap().clone()
}

/// The shop's ids of a list.
async fn found(t: &TestApp, query: &str) -> Vec<String> {
    list(t, query).await.iter().map(|one| one["shop_order_id"].as_str().unwrap().to_owned()).collect()
}

/// Numbers that look thrown, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Something that may happen to the order with this number.
async fn happens(t: &TestApp, what: u64, number: u64) {
    let id = format!("N-{number}");
    match what {
        0 => drop(newer(t, Method::POST, "/v2/orders", &dated(number)).await),
        1 => drop(set(t, &id, "paid", "2026-03-01T12:00:00Z").await),
        2 => drop(set(t, &id, "returned", "2026-03-01T12:00:00Z").await),
        3 => drop(set(t, &id, "cancelled", "2026-03-01T12:00:00Z").await),
        4 => drop(newer(t, Method::POST, "/v2/shipments", &shipment(&id, &format!("JJD-{number}"))).await),
        5 => drop(newer(t, Method::PUT, &format!("/v2/orders/{number}"), &json!({ "boarding_complete": true })).await),
        6 => {
            let event = json!({ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T12:00:00Z" });
            drop(t.post(&format!("/v1/shipments/shp_{number}/tracking-events"), &json!({ "events": [event] })).await);
        }
        7 => drop(t.post(&format!("/v1/shipments/shp_{number}/cancel"), &json!({})).await),
        8 => drop(newer(t, Method::DELETE, &format!("/v2/orders/{number}"), &Json::Null).await),
        _ => t.run_jobs().await,
    }
}

fn dated(number: u64) -> Json {
    let mut order = order(&format!("N-{number}"));
    // Later orders are older, and some are of the same time.
    order["order_date"] = json!(format!("2026-03-{:02}T09:00:00Z", 20 - number / 2));
    order
}

const STATES: [&str; 6] = ["new", "paid", "returned", "cancelled", "shipped", "completed"];

on_both_engines! {
    async fn whatever_happens_a_state_finds_the_orders_that_are_shown_in_it(engine: Engine) {
        let t = serving(engine).await;
        for number in 1..=5 {
            placed(&t, &dated(number)).await;
        }
        // From here on states are kept: first those of the orders there are.
        assert_eq!(found(&t, "state=new").await.len(), 5);
        told(&t, &shipment("N-1", "JJD-1")).await;
        happens(&t, 5, 1).await;
        happens(&t, 6, 1).await;
        let (mut dice, mut seen) = (Dice(7), std::collections::BTreeSet::new());
        for step in 0..150 {
            let what = dice.below(13);
            happens(&t, what, 1 + dice.below(9)).await;
            let order_by = ["id", "-id", "shop_order_date,-id", "-shop_order_id"][step % 4];
            let bound = ["", "&shop_order_date[after]=2026-03-17&shop_order_date[before]=2026-03-19"][step / 4 % 2];
            let (limit, offset) = (1 + dice.below(4) as usize, dice.below(3) as usize);
            let all = list(&t, &format!("limit=1000&order_by={order_by}{bound}")).await;
            for state in STATES {
                let are = all.iter().filter(|one| one["state"] == state);
                let ids: Vec<_> = are.map(|one| one["shop_order_id"].as_str().unwrap().to_owned()).collect();
                let query = format!("state={state}&order_by={order_by}{bound}");
                assert_eq!(found(&t, &format!("{query}&limit=1000")).await, ids, "step {step}: {what}, {query}");
                let page: Vec<_> = ids.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(found(&t, &format!("{query}&limit={limit}&offset={offset}")).await, page, "step {step}: {query}");
                if !ids.is_empty() { seen.insert(state); }
            }
        }
        assert_eq!(seen.len(), STATES.len(), "{seen:?}");
    }

    async fn a_list_of_a_state_costs_what_it_returns(engine: Engine) {
        let t = serving(engine).await;
        for number in [1, 2, 3] {
            placed(&t, &dated(number)).await;
            set(&t, &format!("N-{number}"), "paid", "2026-03-01T12:00:00Z").await;
        }
        let counted = async || {
            let before = testkit::statements();
            let query = "state=paid&shop_order_date[after]=2026-01-01&shop_order_date[before]=2026-12-31&order_by=-id&limit=1000";
            assert_eq!(found(&t, query).await, ["N-3", "N-2", "N-1"]);
            testkit::statements() - before
        };
        counted().await;
        let mut taken = Vec::new();
        for others in [10, 700] {
            for ten in 0..others / 10 {
                place(&t, (0..10).map(|n| crate::fixture::order(&format!("{others}-{}", ten * 10 + n)))).await;
            }
            t.run_jobs().await;
            taken.push(counted().await);
        }
        assert_eq!(taken[0], taken[1], "with ten orders in another state, and with seven hundred");
        // News that the job has not seen are looked at, all in the same statements.
        set(&t, "N-1", "paid", "2026-03-01T13:00:00Z").await;
        set(&t, "700-1", "paid", "2026-03-01T13:00:00Z").await;
        set(&t, "700-1", "in_production", "2026-03-01T13:00:00Z").await;
        let with_news = counted().await;
        assert!(with_news <= taken[0] + 7, "{with_news} and {}", taken[0]);
    }

    async fn who_never_asks_for_a_state_pays_for_none(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &dated(1)).await;
        told(&t, &shipment("N-1", "JJD-1")).await;
        reported(&t, "shp_1", json!([{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T12:00:00Z" }])).await;
        t.run_jobs().await;
        let kept = async || t.app.store().read(async |tx| {
            let rows = tx.rows("select tenant_id, state from order_states order by tenant_id, order_id", &[]).await?;
            rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect::<domain::Result<Vec<_>>>()
        }).await.unwrap();
        assert_eq!(kept().await, []);
        // Whoever asks has only its own orders kept.
        assert_eq!(t.call_with(OTHER, Method::GET, "/v2/orders?state=shipped", "").await.json(), json!([]));
        t.run_jobs().await;
        assert_eq!(kept().await, []);
        assert_eq!(found(&t, "state=shipped").await, ["N-1"]);
        t.run_jobs().await;
        assert_eq!(kept().await, [("acme".to_owned(), "shipped".to_owned())]);
        newer(&t, Method::DELETE, "/v2/orders/1", &Json::Null).await;
        assert_eq!(found(&t, "state=shipped").await, [""; 0]);
        t.run_jobs().await;
        assert_eq!(kept().await, []);
    }
}
