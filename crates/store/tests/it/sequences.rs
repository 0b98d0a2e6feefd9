//! Ids never repeat: not between tasks, not between nodes, not after a crash.

use std::collections::HashSet;

use futures::future::join_all;
use store::testing::TestStore;
use store::{Store, on_both_engines};

/// Takes ids in 32 tasks at once.
async fn take_many(store: &Store) -> Vec<u64> {
    let tasks = (0..32).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for turn in 0..40 {
                let count = (task + turn) % 7;
                let ids = store.take_ids("orders", count).await.unwrap();
                assert_eq!(ids.len() as u64, count);
                assert!(ids.is_sorted());
                taken.extend(ids);
            }
            taken
        })
    });
    join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

on_both_engines! {
    async fn ids_begin_at_1_and_rise(engine: Engine) {
        let t = TestStore::new(engine).await;
        assert_eq!(t.store.take_ids("orders", 3).await, Ok(vec![1, 2, 3]));
        assert_eq!(t.store.take_ids("orders", 0).await, Ok(vec![]));
        assert_eq!(t.store.take_ids("parcels", 1).await, Ok(vec![1]));
        assert_eq!(t.store.take_ids("orders", 2_500).await, Ok((4..=2_503).collect()));
        assert_eq!(t.store.take_ids("orders", 1).await, Ok(vec![2_504]));
    }

    async fn ids_never_repeat(engine: Engine) {
        let t = TestStore::new(engine).await;
        let mut taken = take_many(&t.store).await;
        // The store goes without a word and comes again, beside another node.
        let (one, other) = (t.reopen().await.unwrap(), t.reopen().await.unwrap());
        let (ones, others) = tokio::join!(take_many(&one), take_many(&other));
        taken.extend(ones.into_iter().chain(others));
        let different: HashSet<_> = taken.iter().collect();
        assert_eq!(different.len(), taken.len());
        assert!(taken.iter().all(|&id| (1..1 << 53).contains(&id)));
    }

    async fn the_largest_id_is_the_last(engine: Engine) {
        let t = TestStore::new(engine).await;
        t.store.take_ids("orders", 1).await.unwrap();
        let sql = "update sequences set next = 9007199254740992 - 1000";
        t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        let other = t.reopen().await.unwrap();
        let last = other.take_ids("orders", 1_000).await.unwrap();
        assert_eq!(last.last(), Some(&((1 << 53) - 1)));
        assert!(other.take_ids("orders", 1).await.is_err());
        assert!(other.take_ids("orders", u64::MAX).await.is_err());
    }
}
