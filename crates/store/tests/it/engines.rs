//! What is special about one engine: SQLite's groups and full disks, PostgreSQL's connections and types.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::{Error, Result};
use futures::future::join_all;
use store::testing::{Engine, TestStore};
use store::{Config, Store, Tx, params};

use crate::{add, hold, make_names, names, send};

fn file(t: &TestStore) -> &std::path::Path {
    match &t.config {
        Config::Sqlite { path } => path,
        Config::Postgres { .. } => panic!("not a file"),
    }
}

fn url(t: &TestStore) -> &str {
    match &t.config {
        Config::Postgres { url, .. } => url,
        Config::Sqlite { .. } => panic!("not a server"),
    }
}

async fn committed(store: &Store) -> usize {
    names(store).await.len()
}

#[tokio::test]
async fn in_one_group_a_failure_and_a_panic_leave_the_neighbours_alone() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    let (gate, held) = hold(&t.store).await;
    let before = send(&t.store, async |tx| add(tx, "before").await);
    let fails = send(&t.store, async |tx| {
        add(tx, "fails").await?;
        add(tx, "before").await
    });
    let between = send(&t.store, async |tx| add(tx, "between").await);
    let panics = send::<(), _>(&t.store, async |tx| {
        add(tx, "panics").await?;
        panic!("over")
    });
    let after = send(&t.store, async |tx| add(tx, "after").await);
    drop(gate);
    held.await.unwrap();
    assert_eq!(before.await, Ok(()));
    assert_eq!(fails.await, Err(Error::Conflict("UNIQUE constraint failed: names.name".to_owned())));
    assert_eq!(between.await, Ok(()));
    assert_eq!(panics.await, Err(Error::Internal("a command panicked: over".to_owned())));
    assert_eq!(after.await, Ok(()));
    assert_eq!(names(&t.store).await, ["after", "before", "between"]);
}

/// A group may be cut short when the machine is slow, so the story is told until it was seen whole.
#[tokio::test]
async fn a_commit_that_fails_fails_every_command_of_its_group() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    let sql = "create table nicknames (name text not null references names (name))";
    t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
    let mut whole = false;
    for round in 0..50 {
        let (gate, held) = hold(&t.store).await;
        let neighbour = |side: &'static str| send(&t.store, async move |tx| add(tx, &format!("{side} {round}")).await);
        let before = neighbour("before");
        let orphan = send(&t.store, async |tx| {
            tx.execute("pragma defer_foreign_keys = on", &[]).await?;
            tx.execute("insert into nicknames (name) values ('nobody')", &[]).await
        });
        let after = neighbour("after");
        drop(gate);
        let _ = held.await;
        let (before, orphan, after) = (before.await, orphan.await, after.await);
        assert_eq!(orphan, Err(Error::Internal("FOREIGN KEY constraint failed".to_owned())));
        // Whatever the groups were: what is stored is what was answered with yes.
        let stored = names(&t.store).await;
        assert_eq!(stored.contains(&format!("before {round}")), before.is_ok());
        assert_eq!(stored.contains(&format!("after {round}")), after.is_ok());
        whole |= before.is_err() && after.is_err();
    }
    assert!(whole, "the three never shared a group");
    t.store.write(async |tx| add(tx, "later").await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_answered_before_the_commit() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    let shared = Arc::new(AtomicUsize::new(0));
    for round in 0..50 {
        let (gate, held) = hold(&t.store).await;
        let answered = Arc::new(AtomicBool::new(false));
        let first = send(&t.store, async move |tx| add(tx, &format!("name {round}")).await);
        let (flag, path, groups) = (Arc::clone(&answered), file(&t).to_owned(), Arc::clone(&shared));
        let second = send(&t.store, async move |_| {
            std::thread::sleep(Duration::from_millis(2));
            let answered = flag.load(Ordering::SeqCst);
            let other = rusqlite::Connection::open(&path).unwrap();
            let sql = "select count(*) from names where name = ?1";
            let stored: i64 = other.query_row(sql, [format!("name {round}")], |row| row.get(0)).unwrap();
            if stored == 0 {
                groups.fetch_add(1, Ordering::SeqCst);
            }
            Ok((answered, stored))
        });
        let waiter = tokio::spawn(async move {
            first.await.unwrap();
            answered.store(true, Ordering::SeqCst);
        });
        drop(gate);
        held.await.unwrap();
        assert_ne!(second.await.unwrap(), (true, 0), "answered, but not stored");
        waiter.await.unwrap();
    }
    assert!(shared.load(Ordering::SeqCst) > 0, "the two never shared a group");
}

#[tokio::test]
async fn a_command_that_ends_the_transaction_fails_its_group_only() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    for round in 0..20 {
        let (gate, held) = hold(&t.store).await;
        let neighbour = send(&t.store, async move |tx| add(tx, &format!("name {round}")).await);
        let ends = send(&t.store, async |tx| tx.execute("rollback", &[]).await);
        drop(gate);
        let _ = held.await;
        let neighbour = neighbour.await;
        assert!(matches!(ends.await, Err(Error::Unavailable(_))));
        assert_eq!(names(&t.store).await.contains(&format!("name {round}")), neighbour.is_ok());
    }
    t.store.write(async |tx| add(tx, "later").await).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    t.store.write(async |tx| tx.rows("pragma max_page_count = 1", &[]).await).await.unwrap();
    let answers = join_all((0..20).map(|i| {
        // Every second one needs more room than there is.
        let name = format!("{i:02} {}", "x".repeat(if i % 2 == 0 { 1 } else { 100_000 }));
        t.store.write(async move |tx| add(tx, &name).await)
    }))
    .await;
    let full = Err(Error::Unavailable("the disk is full, nothing was stored".to_owned()));
    assert!(answers.iter().skip(1).step_by(2).all(|answer| *answer == full), "{answers:?}");
    assert_eq!(committed(&t.store).await, answers.iter().filter(|answer| answer.is_ok()).count());
    t.store.write(async |tx| tx.rows("pragma max_page_count = 1000000", &[]).await).await.unwrap();
    t.store.write(async |tx| add(tx, &"y".repeat(100_000)).await).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_is_busy_and_closing_drains_it() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    let (gate, held) = hold(&t.store).await;
    let mut waiting = Vec::new();
    let refused = loop {
        let name = format!("{:05}", waiting.len());
        let mut answer = send(&t.store, async move |tx| add(tx, &name).await);
        match futures::FutureExt::now_or_never(&mut answer) {
            Some(at_once) => break at_once,
            None => waiting.push(answer),
        }
        assert!(waiting.len() < 100_000, "the queue has no end");
    };
    let busy = "the store is busy: too many changes are waiting, try again";
    assert_eq!(refused, Err(Error::Unavailable(busy.to_owned())));
    let closing = tokio::spawn({
        let store = t.store.clone();
        async move { store.close().await }
    });
    tokio::task::yield_now().await;
    drop(gate);
    held.await.unwrap();
    closing.await.unwrap();
    let sent = waiting.len();
    for answer in waiting {
        assert_eq!(answer.await, Ok(()));
    }
    assert!(!file(&t).with_extension("db-wal").exists(), "the log was not folded into the file");
    assert_eq!(committed(&t.reopen().await.unwrap()).await, sent);
}

#[tokio::test]
async fn a_command_that_waits_for_something_else_is_refused() {
    let t = TestStore::new(Engine::Sqlite).await;
    make_names(&t.store).await;
    let outcome = t.store.write(async |tx| {
        add(tx, "waits").await?;
        std::future::pending::<Result<()>>().await
    });
    let waited = "a command waited for something other than its transaction";
    assert_eq!(outcome.await, Err(Error::Internal(waited.to_owned())));
    assert!(names(&t.store).await.is_empty());
}

#[tokio::test]
async fn sqlite_is_as_careful_as_it_can_be() {
    let t = TestStore::new(Engine::Sqlite).await;
    let pragmas = t.store.write(async |tx| {
        let mut found = Vec::new();
        for name in ["synchronous", "foreign_keys", "temp_store", "query_only"] {
            found.push((name, tx.row(&format!("pragma {name}"), &[]).await?.unwrap().int(0)?));
        }
        Ok(found)
    });
    // 2 is full, and memory.
    let expected = [("synchronous", 2), ("foreign_keys", 1), ("temp_store", 2), ("query_only", 0)];
    assert_eq!(pragmas.await.unwrap(), expected);
    let mode = t.store.read(async |tx| tx.row("pragma journal_mode", &[]).await?.unwrap().text(0)).await;
    assert_eq!(mode.unwrap(), "wal");
    let misspelt = t.store.read(async |tx| tx.rows(r#"select "nocolumn""#, &[]).await).await;
    assert!(matches!(misspelt, Err(Error::Internal(_))), "{misspelt:?}");
}

#[tokio::test]
async fn a_lost_connection_is_said_and_the_next_command_has_another() {
    let t = TestStore::new(Engine::Postgres).await;
    make_names(&t.store).await;
    let outcome = t.store.write(async |tx| {
        add(tx, "lost").await?;
        tx.rows("select cast(pg_terminate_backend(pg_backend_pid()) as text)", &[]).await
    });
    assert!(matches!(outcome.await, Err(Error::Unavailable(_))));
    t.store.write(async |tx| add(tx, "next").await).await.unwrap();
    assert_eq!(names(&t.store).await, ["next"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let config = Config::Postgres { url: "postgres://nobody@127.0.0.1:1/nothing".to_owned(), pool_size: 1 };
    assert!(matches!(Store::open(&config).await, Err(Error::Unavailable(_))));
    let config = Config::Postgres { url: "not a url".to_owned(), pool_size: 1 };
    assert!(matches!(Store::open(&config).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_an_error_and_the_connection_goes_on() {
    let t = TestStore::new(Engine::Postgres).await;
    make_names(&t.store).await;
    let outcome = t.store.write(async |tx| tx.execute("insert into names (name) values ($1)", &params![1_i64]).await);
    let Err(Error::Internal(text)) = outcome.await else { panic!("an integer became a text") };
    assert!(text.contains("an integer for a parameter of type text"), "{text}");
    for sql in ["select cast($1 as integer)", "select cast($1 as numeric)"] {
        let outcome = t.store.read(async move |tx| tx.rows(sql, &params![1_i64]).await).await;
        assert!(matches!(outcome, Err(Error::Internal(_))), "{sql}: {outcome:?}");
    }
    t.store.write(async |tx| add(tx, "right").await).await.unwrap();
    assert_eq!(names(&t.store).await, ["right"]);
}

#[tokio::test]
async fn a_read_that_is_given_up_leaves_no_transaction_behind() {
    let t = TestStore::new(Engine::Postgres).await;
    make_names(&t.store).await;
    for _ in 0..20 {
        let slow = t.store.read_list(async |tx| tx.rows("select cast(pg_sleep(10) as text)", &[]).await);
        assert!(tokio::time::timeout(Duration::from_millis(5), slow).await.is_err());
    }
    t.store.write(async |tx| add(tx, "next").await).await.unwrap();
    assert_eq!(names(&t.store).await, ["next"]);
}

#[tokio::test]
async fn a_database_that_does_not_sort_by_bytes_is_refused() {
    let t = TestStore::new(Engine::Postgres).await;
    let (server, name) = url(&t).rsplit_once('/').unwrap();
    let (client, connection) = tokio_postgres::connect(url(&t), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let icu = format!("{name}_icu");
    let create = "template template0 encoding 'UTF8' locale 'C.UTF-8' locale_provider icu icu_locale 'en-US'";
    client.batch_execute(&format!("create database {icu} {create}")).await.unwrap();
    let outcome = Store::open(&Config::Postgres { url: format!("{server}/{icu}"), pool_size: 1 }).await;
    client.batch_execute(&format!("drop database {icu} with (force)")).await.unwrap();
    let outcome: Result<()> = outcome.map(drop);
    assert_eq!(
        outcome,
        Err(Error::Conflict(
            "the PostgreSQL database keeps text in UTF8 and sorts it by the rules of ICU, but Waybill needs UTF8 \
             sorted by its bytes: make one with \
             create database waybill template template0 encoding 'UTF8' locale 'C.UTF-8'"
                .to_owned()
        ))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_fills_up_is_analysed_and_a_row_is_found_by_its_key() {
    let t = TestStore::new(Engine::Postgres).await;
    let make = async |tx: &mut Tx<'_>| {
        tx.execute("create table papers (tenant text not null, id bigint not null, title text not null)", &[]).await?;
        tx.execute("alter table papers add primary key (tenant, id)", &[]).await?;
        tx.execute("create index papers_by_title on papers (tenant, title)", &[]).await?;
        let rows: Vec<_> = (0..2_000_i64).map(|n| params!["shop", n, "x".repeat(100)].to_vec()).collect();
        tx.insert_all("papers", &["tenant", "id", "title"], &rows).await
    };
    t.store.write(make).await.unwrap();
    let is_analysed = async |tx: &mut Tx<'_>| {
        let row = tx.row("select cast(reltuples as bigint) from pg_class where relname = 'papers'", &[]).await?;
        row.unwrap().int(0)
    };
    let mut counted = 0;
    for _ in 0..100 {
        counted = t.store.read(is_analysed).await.unwrap();
        if counted > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(counted, 2_000);
    let plan = async |tx: &mut Tx<'_>| {
        tx.rows("explain (costs off) select title from papers where tenant = $1 and id = $2", &params!["shop", 7_i64])
            .await
    };
    let plan: Vec<_> = t.store.read(plan).await.unwrap().iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(plan[0], "Index Scan using papers_pkey on papers");
}
