//! Dispatches: who takes one up, and who has no part in it any more.

use std::collections::HashMap;

use domain::Timestamp;
use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::tenant::TenantId;
use store::Store;
use store::dispatches::{Busy, Dispatch};
use store::on_both_engines;
use store::testing::TestStore;

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + second).unwrap()
}

fn order(number: u64) -> OrderId {
    OrderId::new(number).unwrap()
}

async fn wish(store: &Store, number: u64, location: &'static str, second: i64) {
    let write = async move |tx: &mut store::Tx<'_>| {
        tx.add_dispatch(&acme(), order(number), Some(location), Dialect::Native, "{}", at(second)).await
    };
    store.write(write).await.unwrap();
}

async fn claimed(store: &Store, second: i64, busy: Busy, limit: usize) -> Vec<Dispatch> {
    let write =
        async move |tx: &mut store::Tx<'_>| tx.claim_dispatches(at(second), at(second + 60), &busy, 2, limit).await;
    store.write(write).await.unwrap()
}

fn numbers(taken: &[Dispatch]) -> Vec<u64> {
    taken.iter().map(|taken| taken.order.number()).collect()
}

async fn ended(store: &Store, taken: &Dispatch) -> bool {
    let taken = taken.clone();
    store.write(async move |tx| tx.end_dispatch(&taken).await).await.unwrap()
}

async fn next_at(store: &Store, second: i64) -> Option<Timestamp> {
    store.read(async move |tx| tx.next_dispatch_at(at(second)).await).await.unwrap()
}

on_both_engines! {
    async fn a_location_with_enough_under_way_stands_in_nobodys_way(engine: Engine) {
        let t = TestStore::new(engine).await;
        for number in 1..=5 {
            wish(&t.store, number, "oss", number as i64).await;
        }
        wish(&t.store, 6, "rome", 6).await;
        let first = claimed(&t.store, 10, Busy::default(), 3).await;
        assert_eq!(numbers(&first), [1, 2], "two of a location, the longest due first");
        let busy = HashMap::from([((acme(), "oss".to_owned()), 2)]);
        assert_eq!(numbers(&claimed(&t.store, 10, busy.clone(), 3).await), [6]);
        assert_eq!(numbers(&claimed(&t.store, 10, busy, 3).await), [0; 0]);
        assert_eq!(next_at(&t.store, 10).await, Some(at(3)), "leased ones are not counted");
        // Those whose leases ran out are due again.
        assert_eq!(numbers(&claimed(&t.store, 70, Busy::default(), 10).await), [1, 2, 6]);
    }

    async fn whoever_took_it_up_before_has_no_part_in_it(engine: Engine) {
        let t = TestStore::new(engine).await;
        wish(&t.store, 1, "oss", 0).await;
        let old = claimed(&t.store, 10, Busy::default(), 1).await.remove(0);
        assert_eq!(next_at(&t.store, 10).await, None);
        let new = claimed(&t.store, 70, Busy::default(), 1).await.remove(0);
        assert!(!ended(&t.store, &old).await, "its lease ran out");
        let given_back = old.clone();
        t.store.write(async move |tx| tx.postpone_dispatch(&given_back, at(1000)).await).await.unwrap();
        assert_eq!(numbers(&claimed(&t.store, 130, Busy::default(), 1).await), [1], "nor does it put it off");
        assert!(!ended(&t.store, &new).await);
        // A change of the wish takes it from whoever is at it, in the same instant too.
        let stale = claimed(&t.store, 200, Busy::default(), 1).await.remove(0);
        t.store.write(async |tx| tx.change_dispatch(&acme(), order(1), "{\"parcels\":[]}").await).await.unwrap();
        let fresh = claimed(&t.store, 200, Busy::default(), 1).await.remove(0);
        assert_eq!((stale.wish.as_str(), fresh.wish.as_str()), ("{}", "{\"parcels\":[]}"));
        assert_eq!((ended(&t.store, &stale).await, ended(&t.store, &fresh).await), (false, true));
        assert_eq!(next_at(&t.store, 1000).await, None);
    }
}
