//! Faults of the database: what was answered with yes is stored, what was not is told as such, and work goes on after.

use std::sync::Mutex;

use domain::{Error, Result};
use futures::future::join_all;
use store::testing::{Engine, Fault, TestStore};
use store::{Store, Tx};

use crate::{add, make_names, names};

async fn wants(store: &Store, name: String) -> Result<()> {
    store.write(async move |tx| add(tx, &name).await).await
}

fn is_unavailable<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_the_server_never_saw_is_not_stored_and_not_acknowledged() {
    let (t, proxy) = TestStore::behind_a_proxy("").await;
    make_names(&t.store).await;
    proxy.set(Fault::BeforeCommit);
    let outcomes = join_all((0..10).map(|n| wants(&t.store, format!("{n}")))).await;
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    assert_eq!(proxy.struck(), 10);
    proxy.set(Fault::None);
    wants(&t.store, "next".to_owned()).await.unwrap();
    assert_eq!(names(&t.store).await, ["next"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_stored_and_not_acknowledged() {
    let (t, proxy) = TestStore::behind_a_proxy("").await;
    make_names(&t.store).await;
    proxy.set(Fault::AfterCommit);
    let outcomes = join_all((0..10).map(|n| wants(&t.store, format!("{n}")))).await;
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    assert_eq!(proxy.struck(), 10);
    proxy.set(Fault::None);
    assert_eq!(names(&t.store).await, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    // Whoever asks again meets what was stored.
    assert!(matches!(wants(&t.store, "0".to_owned()).await, Err(Error::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_told_at_once_and_the_first_command_after_it_is_back_works() {
    let (t, proxy) = TestStore::behind_a_proxy("").await;
    make_names(&t.store).await;
    for round in 0..3 {
        // As many as the pool holds, so that every connection is one that was cut.
        join_all((0..8).map(|n| wants(&t.store, format!("before {round} {n}"))))
            .await
            .into_iter()
            .for_each(Result::unwrap);
        proxy.set(Fault::Gone);
        let outcomes = join_all((0..20).map(|n| wants(&t.store, format!("lost {round} {n}")))).await;
        assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
        assert!(is_unavailable(&t.store.take_ids("orders", 5_000).await));
        proxy.set(Fault::None);
        wants(&t.store, format!("next {round}")).await.unwrap();
        assert_eq!(t.store.take_ids("orders", 5_000).await.unwrap().len(), 5_000);
    }
    assert_eq!(names(&t.store).await.iter().filter(|name| name.starts_with("lost")).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_given_up_and_its_connections_too() {
    let (t, proxy) = TestStore::behind_a_proxy("?tcp_user_timeout=1").await;
    make_names(&t.store).await;
    join_all((0..8).map(|n| wants(&t.store, format!("before {n}")))).await.into_iter().for_each(Result::unwrap);
    proxy.set(Fault::Silent);
    let outcomes = join_all((0..8).map(|n| wants(&t.store, format!("silent {n}")))).await;
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    let read = t.store.read(async |tx: &mut Tx<'_>| tx.rows("select name from names", &[]).await).await;
    assert!(is_unavailable(&read));
    proxy.set(Fault::None);
    // Connections that were given up are not used again, nor do they count as in use.
    join_all((0..8).map(|n| wants(&t.store, format!("next {n}")))).await.into_iter().for_each(Result::unwrap);
    assert!(names(&t.store).await.iter().all(|name| !name.starts_with("silent")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_hangs_is_stopped_and_its_connection_goes_on() {
    let (t, _proxy) = TestStore::behind_a_proxy("?options=-c%20statement_timeout%3D200ms").await;
    make_names(&t.store).await;
    let hangs = t.store.write(async |tx| {
        add(tx, "hangs").await?;
        tx.rows("select cast(pg_sleep(60) as text)", &[]).await
    });
    let told = "the database does not work: canceling statement due to statement timeout";
    assert_eq!(hangs.await.map(drop), Err(Error::Unavailable(told.to_owned())));
    wants(&t.store, "next".to_owned()).await.unwrap();
    assert_eq!(names(&t.store).await, ["next"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_no_connection_left_is_told() {
    let t = TestStore::new(Engine::Postgres).await;
    make_names(&t.store).await;
    t.store
        .write(async |tx| {
            let name = tx.row("select cast(current_database() as text)", &[]).await?.expect("a row").text(0)?;
            tx.execute(&format!("alter database {name} connection limit 0"), &[]).await?;
            // A superuser is not counted, so another role asks.
            tx.execute("create role waybill_limited login", &[]).await.map(drop)
        })
        .await
        .unwrap();
    let store::Config::Postgres { url, .. } = &t.config else { panic!("a server") };
    let limited = store::Config::Postgres { url: url.replace("postgres@", "waybill_limited@"), pool_size: 2 };
    let refused = Store::open(&limited).await;
    t.store.write(async |tx| tx.execute("drop role waybill_limited", &[]).await).await.unwrap();
    let text = match refused.map(drop) {
        Err(Error::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(text.starts_with("no connection to the database: too many connections for database"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_while_connections_break_is_stored() {
    let (t, proxy) = TestStore::behind_a_proxy("").await;
    make_names(&t.store).await;
    let acknowledged = Mutex::new(Vec::new());
    let refused = Mutex::new(0);
    let writers = join_all((0..6).map(async |writer| {
        for n in 0..60 {
            let name = format!("{writer} {n:03}");
            match wants(&t.store, name.clone()).await {
                Ok(()) => acknowledged.lock().unwrap().push(name),
                Err(Error::Unavailable(_)) => *refused.lock().unwrap() += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }));
    let breaking = async {
        for turn in 0..40 {
            let fault = [Fault::BeforeCommit, Fault::AfterCommit, Fault::Gone][turn % 3];
            proxy.set(fault);
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            proxy.set(Fault::None);
            tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        }
    };
    futures::future::join(writers, breaking).await;
    let stored = names(&t.store).await;
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(!acknowledged.is_empty() && *refused.lock().unwrap() > 0, "some worked and some did not");
    let lost: Vec<_> = acknowledged.iter().filter(|name| !stored.contains(name)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    wants(&t.store, "next".to_owned()).await.unwrap();
}
