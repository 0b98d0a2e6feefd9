//! The states of orders: found by an index, and kept by whoever went on last.

use domain::channel::{ChannelNumber, Dialect};
use domain::ids::OrderId;
use domain::order::OrderDetails;
use domain::tenant::TenantId;
use jiff::tz::TimeZone;
use store::order_states::{Following, StateList};
use store::orders::{OrderRow, OrderSort};
use store::testing::TestStore;
use store::{Value, on_both_engines, params};

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(day: u8) -> domain::Timestamp {
    format!("2026-03-{day:02}T10:00:00Z").parse().unwrap()
}

fn list(sort: &[(OrderSort, bool)], is_bounded: bool) -> StateList {
    let placed = if is_bounded { (Some(at(1)), Some(at(9))) } else { (None, None) };
    StateList {
        dialect: Dialect::SevenSenders,
        state: "paid".to_owned(),
        placed,
        sort: sort.to_vec(),
        skip: 0,
        limit: 20,
    }
}

on_both_engines! {
    async fn a_list_walks_the_index_of_its_order_or_of_its_bounds(engine: Engine) {
        let t = TestStore::new(engine).await;
        // Orders of two months, every other one paid.
        let rows: Vec<_> = (0..3_000_i64).map(|n| {
            let placed = Value::Int(domain::time::to_micros(at(1)) + n * 1_800_000_000);
            let state = if n % 2 == 0 { "paid" } else { "new" };
            let mut row = params!["acme", "seven_senders", n + 1, state, format!("n-{n}")].to_vec();
            row.push(placed);
            row
        }).collect();
        t.store.write(async move |tx| {
            let columns = ["tenant_id", "dialect", "order_id", "state", "external_id_key", "placed_at"];
            tx.insert_all("order_states", &columns, &rows).await?;
            // As it is done by itself when a table has grown.
            if !tx.is_sqlite() { tx.execute("analyze order_states", &[]).await?; }
            Ok(())
        }).await.unwrap();
        let (id, placing, external) = ((OrderSort::Id, true), (OrderSort::PlacedAt, false), (OrderSort::ExternalId, true));
        for (sort, is_bounded, index) in [
            (vec![id], false, "order_states_by_id"),
            (vec![(OrderSort::PlacedAt, true), id], false, "order_states_by_placing"),
            (vec![external, id], false, "order_states_by_external_id"),
            (vec![id], true, "order_states_by_placing"),
            (vec![placing, (OrderSort::Id, false)], true, "order_states_by_placing"),
            (vec![external, id], true, "order_states_by_placing"),
        ] {
            let wanted = list(&sort, is_bounded);
            let plan = t.store.read_list(async move |tx| {
                // A small table is read whole unless that is forbidden: what matters is that the index can serve.
                if !tx.is_sqlite() {
                    tx.execute("set local enable_seqscan = off", &[]).await?;
                    tx.execute("set local enable_bitmapscan = off", &[]).await?;
                }
                tx.explain_states(&acme(), &wanted).await
            }).await.unwrap();
            assert!(plan.contains(index), "{sort:?} {is_bounded}\n{plan}");
            assert!(plan.contains("events_by_order"), "{plan}");
            let is_sorted = plan.contains("Sort") || plan.contains("TEMP B-TREE");
            let by_time = sort[0].0 == OrderSort::PlacedAt;
            assert_eq!(is_sorted, is_bounded && !by_time, "{sort:?} {is_bounded}\n{plan}");
        }
    }

    async fn of_two_that_go_on_from_the_same_place_one_is_heard(engine: Engine) {
        let t = TestStore::new(engine).await;
        let order = OrderId::new(1).unwrap();
        let details: OrderDetails = serde_json::from_value(serde_json::json!({ "external_id": "A" })).unwrap();
        let row = OrderRow::new(order, ChannelNumber(7), &details, &TimeZone::UTC, at(2)).unwrap();
        let kept = t.store.write(async move |tx| {
            tx.upsert_orders(&acme(), std::slice::from_ref(&row)).await?;
            tx.follow_states(&acme(), Dialect::SevenSenders).await?;
            let from = tx.followed(&acme(), Dialect::SevenSenders).await?.unwrap();
            let to = Following { filled_to: None, ..from.clone() };
            let first = tx.keep_states(&from, &to, &[(order, "paid".to_owned())], &[]).await?;
            let second = tx.keep_states(&from, &to, &[(order, "new".to_owned())], &[]).await?;
            let found = tx.orders_in_state(&acme(), &list(&[(OrderSort::Id, true)], true), 0, &[]).await?;
            Ok((first, second, found))
        });
        assert_eq!(kept.await.unwrap(), (true, false, vec![order]));
    }
}
