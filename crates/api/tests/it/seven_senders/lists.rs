//! Lists: filters, order, pages, and what they cost.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::fixture::{newer, older, placed, read, set};
use crate::fixture::{order, place, serving};

/// Places orders on the first days of March, the last one first.
async fn in_march(t: &TestApp, days: u32) {
    for day in (1..=days).rev() {
        placed(
            t,
            &json!({ "order_id": format!("N-{day:02}"), "order_date": format!("2026-03-{day:02}T23:00:00+0100") }),
        )
        .await;
    }
}

fn ids(list: &Json) -> Vec<String> {
    let all = list.as_array().unwrap();
    all.iter()
        .map(|one| one.get("order_id").or(one.get("shop_order_id")).unwrap().as_str().unwrap().to_owned())
        .collect()
}

async fn found(t: &TestApp, query: &str) -> Vec<String> {
    ids(&read(t, &format!("/v2/orders?{query}")).await)
}

on_both_engines! {
    async fn a_list_is_narrowed_sorted_and_paged_as_asked(engine: Engine) {
        let t = serving(engine).await;
        in_march(&t, 4).await;
        assert_eq!(found(&t, "").await, ["N-01", "N-02", "N-03", "N-04"], "newest first");
        assert_eq!(ids(&older(&t, Method::GET, "/v2/orders.json", "").await.json()), ["N-04", "N-03", "N-02", "N-01"], "oldest first");
        for (query, expected) in [
            ("id=2", vec!["N-03"]), ("id=777", vec![]), ("id=-1", vec![]), ("order_id=N-02", vec!["N-02"]), ("order_id=n-02", vec![]), ("order_id=N-02&id=1", vec![]),
            ("order_date=2026-03-02", vec!["N-02"]), ("order_date=2026-03-02T22:00:00Z", vec!["N-02"]), ("order_date=2026-03-02T22:00:01Z", vec![]),
            ("shop_order_date=02.03.2026+23:00:00+0100", vec!["N-02"]),
            ("order_date[after]=2026-03-02T22:00:00Z&order_date[before]=2026-03-03T22:00:00Z", vec!["N-02", "N-03"]),
            ("order_date[strictly_after]=2026-03-02T22:00:00Z&order_date[strictly_before]=2026-03-04T22:00:00Z", vec!["N-03"]),
            ("limit=2", vec!["N-01", "N-02"]), ("limit=2&offset=1", vec!["N-02", "N-03"]), ("offset=9", vec![]), ("id=2&offset=1", vec![]),
            ("order_by=order_date", vec!["N-01", "N-02", "N-03", "N-04"]), ("order_by=-order_date&limit=1", vec!["N-04"]),
            ("order_by[]=shop_order_id", vec!["N-01", "N-02", "N-03", "N-04"]), ("order_by[order_id]=desc&limit=2", vec!["N-04", "N-03"]),
            ("order_by=order_date,-id&limit=1", vec!["N-01"]), ("order_by=id", vec!["N-04", "N-03", "N-02", "N-01"]),
            ("unknown=1&amp;limit=1", vec!["N-01"]),
        ] {
            assert_eq!(found(&t, query).await, expected, "{query}");
        }
        // A form in the body of GET narrows too.
        assert_eq!(ids(&older(&t, Method::GET, "/v2/orders.json", "shop_order_id=N-03").await.json()), ["N-03"]);
        for (query, field) in [
            ("limit=0", "limit"), ("limit=1001", "limit"), ("offset=-1", "offset"), ("state=lost", "state"), ("order_by=price", "order_by"),
            ("order_by[id]=up", "order_by"), ("order_date=never", "order_date"), ("order_date[since]=2026-03-01", "order_date.since"), ("id=x", "id"),
        ] {
            let refused = newer(&t, Method::GET, &format!("/v2/orders?{query}"), &Json::Null).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["violations"][0]["propertyPath"]), (400, &json!(field)), "{query}");
        }
    }

    async fn a_state_is_found_wherever_it_lies(engine: Engine) {
        let t = serving(engine).await;
        in_march(&t, 4).await;
        for id in ["N-01", "N-03", "N-04"] {
            assert_eq!(set(&t, id, "paid", "2026-03-05").await.status, 201);
        }
        assert_eq!(found(&t, "state=paid").await, ["N-01", "N-03", "N-04"]);
        assert_eq!(found(&t, "state=paid&limit=1&offset=1").await, ["N-03"]);
        assert_eq!(found(&t, "state=paid&order_date[before]=2026-03-02").await, ["N-01"]);
        assert_eq!(found(&t, "state=new").await, ["N-02"]);
        assert_eq!(found(&t, "state=shipped").await, [""; 0]);
    }

    async fn older_clients_get_20_and_newer_ones_everything_who_name_no_limit(engine: Engine) {
        let t = serving(engine).await;
        place(&t, (0..60).map(|n| order(&format!("S-{n}")))).await;
        assert_eq!(older(&t, Method::GET, "/v2/orders.json", "").await.json().as_array().unwrap().len(), 20);
        assert_eq!(read(&t, "/v2/orders").await.as_array().unwrap().len(), 60);
        // Page by page every order comes once.
        let mut all = Vec::new();
        for offset in [0, 20, 40, 60] {
            all.extend(ids(&older(&t, Method::GET, &format!("/v2/orders.json?offset={offset}"), "").await.json()));
        }
        let expected: Vec<_> = (0..60).map(|n| format!("S-{n}")).collect();
        assert_eq!(all, expected);
    }

    async fn a_list_walks_an_index_in_the_order_that_is_asked_for(engine: Engine) {
        let t = serving(engine).await;
        for sort in ["id", "id desc", "placed_at, id", "external_id_key, id"] {
            // No sorting and no scan of the whole table: an index in the order that is asked for.
            let select = format!("select id from orders where tenant_id = 'acme' and is_deleted = 0 order by {sort} limit 21 offset 0");
            let explain = if t.app.store().is_sqlite() { "explain query plan" } else { "explain (costs off)" };
            let plan = t.app.store().read_list(async move |tx| {
                if !tx.is_sqlite() {
                    tx.rows("set local enable_seqscan = off", &[]).await?;
                    tx.rows("set local enable_sort = off", &[]).await?;
                }
                let column = if tx.is_sqlite() { 3 } else { 0 };
                let rows = tx.rows(&format!("{explain} {select}"), &[]).await?;
                rows.iter().map(|row| row.text(column)).collect()
            });
            let plan: Vec<String> = plan.await.unwrap();
            let plan = plan.join("\n").to_lowercase();
            assert!(plan.contains("index") || plan.contains("primary key"), "{sort}: {plan}");
            assert!(!plan.contains("temp b-tree") && !plan.contains("sort"), "{sort}: {plan}");
        }
    }
}
