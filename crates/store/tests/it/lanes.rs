//! Lanes: whoever adds work while somebody gives the lane back is not forgotten.
//!
//! On SQLite commands run one after another, so that two never meet; on PostgreSQL each works on the state that it saw
//! first, and the one that comes second to a row runs again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use store::lanes::Lane;
use store::testing::{Engine, TestStore};
use store::{Store, Tx, on_both_engines, params};

use crate::{add, make_names};

const KIND: &str = "webhooks";

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + second).unwrap()
}

/// Adds work to the lane, as whoever makes a delivery does.
async fn add_work(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    add(tx, name).await?;
    tx.wake_lanes(KIND, &[(acme(), "1".to_owned())], at(0)).await
}

/// Gives the lane back, due again when there is work left in sight, never when there is none.
async fn give_back(tx: &mut Tx<'_>, lane: &Lane, looked: impl FnOnce()) -> Result<bool> {
    let is_left = tx.row("select name from names limit 1", &[]).await?.is_some();
    looked();
    tx.release_lane(lane, is_left.then(|| at(60))).await
}

async fn claimed(store: &Store) -> Lane {
    let lanes = store.write(async |tx| tx.claim_lanes(KIND, at(1), at(30), 10).await).await.unwrap();
    let [lane] = lanes.try_into().unwrap();
    lane
}

async fn due_at(store: &Store) -> Option<Timestamp> {
    store.read(async |tx| tx.lane_due_at(KIND, &acme(), "1").await).await.unwrap()
}

/// A lane somebody holds, whose work is done.
async fn held() -> (TestStore, Lane) {
    let t = TestStore::new(Engine::Postgres).await;
    make_names(&t.store).await;
    t.store.write(async |tx| add_work(tx, "first").await).await.unwrap();
    let lane = claimed(&t.store).await;
    t.store.write(async |tx| tx.execute("delete from names", &[]).await).await.unwrap();
    (t, lane)
}

/// Where a command stops the first time it comes by, until it is let on.
struct Stop {
    arrived: Sender<()>,
    go_on: Receiver<()>,
    passed: Arc<AtomicUsize>,
}

impl Stop {
    fn new() -> (Mutex<Self>, Receiver<()>, Sender<()>, Arc<AtomicUsize>) {
        let (arrived, arrival) = channel();
        let (open, go_on) = channel();
        let passed = Arc::new(AtomicUsize::new(0));
        (Mutex::new(Self { arrived, go_on, passed: Arc::clone(&passed) }), arrival, open, passed)
    }

    /// How often a command came by is counted; only the first time waits.
    fn pass(stop: &Mutex<Self>) {
        let stop = stop.lock().unwrap();
        if stop.passed.fetch_add(1, Ordering::SeqCst) == 0 {
            stop.arrived.send(()).unwrap();
            // Commands of other threads go on meanwhile; the next one is given to another thread.
            stop.go_on.recv().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whoever_gives_a_lane_back_meets_the_work_that_came_after_the_look() {
    let (t, lane) = held().await;
    let (stop, arrival, open, looks) = Stop::new();
    let store = t.store.clone();
    let giving =
        tokio::spawn(
            async move { store.write(async move |tx| give_back(tx, &lane, || Stop::pass(&stop)).await).await },
        );
    tokio::task::block_in_place(|| arrival.recv().unwrap());
    // Nothing was in sight; this is committed before the lane is given back, and is due when the lane was due already.
    t.store.write(async |tx| add_work(tx, "second").await).await.unwrap();
    open.send(()).unwrap();
    assert!(giving.await.unwrap().unwrap());
    assert_eq!(looks.load(Ordering::SeqCst), 2, "it looked again");
    assert_eq!(due_at(&t.store).await, Some(at(60)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whoever_adds_work_to_a_lane_that_is_being_given_back_wakes_it_again() {
    let (t, lane) = held().await;
    let (stop, arrival, open, tries) = Stop::new();
    let store = t.store.clone();
    let adding = tokio::spawn(async move {
        store
            .write(async move |tx| {
                // What this transaction sees is settled by its first statement.
                tx.row("select name from names limit 1", &[]).await?;
                Stop::pass(&stop);
                add_work(tx, "second").await
            })
            .await
    });
    tokio::task::block_in_place(|| arrival.recv().unwrap());
    assert!(t.store.write(async move |tx| give_back(tx, &lane, || ()).await).await.unwrap());
    assert_eq!(due_at(&t.store).await, None);
    open.send(()).unwrap();
    adding.await.unwrap().unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 2, "it ran again");
    assert_eq!(due_at(&t.store).await, Some(at(0)));
}

on_both_engines! {
    async fn no_work_is_forgotten_while_lanes_are_given_back_all_the_time(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let adding = (0..4).map(|worker| {
            let store = t.store.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    let name = format!("{worker} {number}");
                    store.write(async move |tx| add_work(tx, &name).await).await.unwrap();
                }
            })
        });
        let adding: Vec<_> = adding.collect();
        let mut done = 0;
        // The bound is for a lane that is due for ever.
        for _ in 0..100_000 {
            let was_all_added = adding.iter().all(tokio::task::JoinHandle::is_finished);
            let lanes = t.store.write(async |tx| tx.claim_lanes(KIND, at(1), at(30), 10).await).await.unwrap();
            for lane in lanes {
                let names = t.store.read_list(async |tx| tx.rows("select name from names", &[]).await).await.unwrap();
                done += names.len();
                t.store
                    .write(async move |tx| {
                        for name in &names {
                            tx.execute("delete from names where name = $1", &params![name.str(0)?]).await?;
                        }
                        let is_left = tx.row("select name from names limit 1", &[]).await?.is_some();
                        tx.release_lane(&lane, is_left.then(|| at(0))).await
                    })
                    .await
                    .unwrap();
            }
            if done == 100 {
                break;
            }
            if was_all_added && due_at(&t.store).await.is_none() {
                break;
            }
            tokio::task::yield_now().await;
        }
        for worker in adding {
            worker.await.unwrap();
        }
        assert_eq!(done, 100, "work was forgotten in a lane that is not due");
    }
}
