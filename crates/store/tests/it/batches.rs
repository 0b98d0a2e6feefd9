//! Batches: whoever was overtaken writes nothing any more, and the counts are those of the orders.

use domain::Timestamp;
use domain::batch::{Batch, BatchOrder, BatchStage, Counts, OrderOutcome, Printing};
use domain::channel::Dialect;
use domain::error::Problem;
use domain::ids::{BatchId, OrderId, ShipmentId};
use domain::tenant::TenantId;
use store::Store;
use store::batches::TakenBatch;
use store::on_both_engines;
use store::testing::TestStore;

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + second).unwrap()
}

fn id(number: u64) -> BatchId {
    BatchId::new(number).unwrap()
}

fn shipment(number: u64) -> ShipmentId {
    ShipmentId::new(number).unwrap()
}

/// Writes a batch of so many orders down, and starts it if it is to be worked on.
async fn written(store: &Store, number: u64, orders: u64, is_started: bool) {
    let batch = Batch {
        id: id(number),
        created_at: at(0),
        stage: BatchStage::Labelling,
        printing: Printing { from_round: 1, number: 1, ..Printing::default() },
        round: 1,
        counts: Counts::default(),
        lanes: Vec::new(),
        finished_at: None,
    };
    let ids: Vec<_> = (1..=orders).filter_map(OrderId::new).collect();
    let write = async move |tx: &mut store::Tx<'_>| {
        tx.add_batch(&acme(), &batch, Dialect::Native, "{}", at(3_600)).await?;
        tx.add_batch_orders(&acme(), batch.id, 1, &ids).await?;
        if is_started { tx.start_batch(&acme(), batch.id, orders, at(0)).await } else { Ok(false) }
    };
    assert_eq!(store.write(write).await.unwrap(), is_started);
}

async fn claimed(store: &Store, second: i64) -> Vec<TakenBatch> {
    store.write(async move |tx| tx.claim_batches(at(second), at(second + 15), 9).await).await.unwrap()
}

async fn orders(store: &Store, outcome: Option<OrderOutcome>) -> Vec<BatchOrder> {
    store.read(async move |tx| tx.batch_orders(&acme(), id(1), outcome, 0, 100).await).await.unwrap()
}

/// Writes the outcomes of orders; the counts afterwards, unless somebody has taken over.
async fn settled(store: &Store, taken: &TakenBatch, settled: Vec<BatchOrder>) -> Option<Counts> {
    let taken = taken.clone();
    let write = async move |tx: &mut store::Tx<'_>| tx.settle_batch_orders(&taken, &settled, &[], at(100)).await;
    store.write(write).await.unwrap().map(|batch| batch.counts)
}

async fn shipped(store: &Store, taken: &TakenBatch, order: &BatchOrder, number: u64) -> bool {
    let errand = taken.order(order);
    store.write(async move |tx| tx.ship_batch_order(&errand, shipment(number)).await).await.unwrap()
}

on_both_engines! {
    async fn whoever_was_overtaken_has_no_part_in_a_batch_any_more(engine: Engine) {
        let t = TestStore::new(engine).await;
        written(&t.store, 1, 3, true).await;
        let [first] = claimed(&t.store, 1).await.try_into().unwrap();
        assert_eq!(claimed(&t.store, 10).await, [], "the lease is held");
        let waiting = orders(&t.store, Some(OrderOutcome::Waiting)).await;
        assert!(shipped(&t.store, &first, &waiting[0], 7).await);
        assert!(!shipped(&t.store, &first, &waiting[0], 8).await, "it has a shipment");

        let [second] = claimed(&t.store, 16).await.try_into().unwrap();
        assert!(!shipped(&t.store, &first, &waiting[1], 9).await);
        let labelled = BatchOrder { outcome: OrderOutcome::Labelled, shipment: Some(shipment(7)), ..waiting[0].clone() };
        assert_eq!(settled(&t.store, &first, vec![labelled.clone()]).await, None);
        let moved = async |taken: &TakenBatch| {
            let taken = taken.clone();
            t.store.write(async move |tx| tx.move_batch(&taken, BatchStage::Merging, None, None).await).await.unwrap()
        };
        assert!(!moved(&first).await);

        // What the first one began is found by the second, and may be begun anew when it came to nothing.
        let waiting = orders(&t.store, Some(OrderOutcome::Waiting)).await;
        assert_eq!((waiting.len(), waiting[0].shipment), (3, Some(shipment(7))));
        assert!(shipped(&t.store, &second, &waiting[0], 10).await);
        let failed = BatchOrder { outcome: OrderOutcome::Failed, problems: vec![Problem::new("city", "too long")], ..waiting[1].clone() };
        let skipped = BatchOrder { outcome: OrderOutcome::Skipped, ..waiting[2].clone() };
        let counts = settled(&t.store, &second, vec![labelled, failed.clone(), skipped]).await.unwrap();
        assert_eq!((counts, counts.waiting()), (Counts { total: 3, labelled: 1, skipped: 1, failed: 1 }, 0));
        assert_eq!(orders(&t.store, Some(OrderOutcome::Failed)).await, std::slice::from_ref(&failed));
        assert!(moved(&second).await);

        // An outcome is written once.
        let again = (second.clone(), vec![failed]);
        let again = t.store.write(async move |tx| tx.settle_batch_orders(&again.0, &again.1, &[], at(100)).await).await;
        assert!(again.is_err());
        let stands = t.store.read(async |tx| tx.batch(&acme(), id(1)).await).await.unwrap().unwrap();
        assert_eq!((stands.counts, stands.stage), (counts, BatchStage::Merging));
    }

    async fn a_batch_that_was_never_started_is_shown_to_nobody_and_forgotten(engine: Engine) {
        let t = TestStore::new(engine).await;
        written(&t.store, 1, 25, false).await;
        written(&t.store, 2, 2, true).await;
        assert_eq!(t.store.read(async |tx| tx.batch(&acme(), id(1)).await).await.unwrap(), None);
        assert_eq!(claimed(&t.store, 1).await.iter().map(|taken| taken.batch.id).collect::<Vec<_>>(), [id(2)]);
        let [unstarted] = claimed(&t.store, 3_600).await.into_iter().filter(|taken| taken.batch.id == id(1)).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(unstarted.batch.stage, BatchStage::Gathering);
        // Whoever would start it now is too late, and it goes a part at a time.
        let late = t.store.write(async move |tx| tx.start_batch(&acme(), id(1), 25, at(3_601)).await).await;
        assert_eq!(late, Ok(false));
        let mut left = Vec::new();
        loop {
            let taken = unstarted.clone();
            let is_gone = t.store.write(async move |tx| tx.forget_unstarted_batch(&taken, 10).await).await.unwrap();
            left.push(orders(&t.store, None).await.len());
            if is_gone {
                break;
            }
        }
        assert_eq!(left, [15, 5, 0]);
        assert_eq!(claimed(&t.store, 9_000).await.iter().map(|taken| taken.batch.id).collect::<Vec<_>>(), [id(2)]);
        let second = t.store.read(async |tx| tx.batch_orders(&acme(), id(2), None, 0, 9).await).await.unwrap();
        assert_eq!(second.len(), 2);
    }
}
