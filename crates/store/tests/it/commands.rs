//! What a command may rely on, whichever engine it runs on.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use domain::{Error, Result};
use futures::future::join_all;
use store::testing::TestStore;
use store::{Tx, on_both_engines, params};

use crate::{add, make_names, names};

on_both_engines! {
    async fn commands_that_fail_or_panic_leave_their_neighbours_alone(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        t.store.write(async |tx| add(tx, "taken").await).await.unwrap();
        let answers = join_all((0..40).map(|i| {
            t.store.write(async move |tx| {
                add(tx, &format!("name {i:02}")).await?;
                match i % 4 {
                    1 => Err(Error::NotFound("order")),
                    2 => panic!("at {i}"),
                    3 => add(tx, "taken").await,
                    _ => Ok(()),
                }
            })
        }))
        .await;
        let mut expected = vec!["taken".to_owned()];
        for (i, answer) in answers.into_iter().enumerate() {
            match i % 4 {
                1 => assert_eq!(answer, Err(Error::NotFound("order"))),
                2 => assert_eq!(answer, Err(Error::Internal(format!("a command panicked: at {i}")))),
                3 => assert!(matches!(answer, Err(Error::Conflict(_))), "{answer:?}"),
                _ => {
                    assert_eq!(answer, Ok(()));
                    expected.push(format!("name {i:02}"));
                }
            }
        }
        expected.sort();
        assert_eq!(names(&t.store).await, expected);
    }

    async fn no_update_is_lost_when_fifty_commands_meet(engine: Engine) {
        let t = TestStore::new(engine).await;
        t.store.write(async |tx| tx.execute("create table counter (n bigint not null)", &[]).await).await.unwrap();
        t.store.write(async |tx| tx.execute("insert into counter (n) values (0)", &[]).await).await.unwrap();
        let tasks = (0..50).map(|_| {
            let store = t.store.clone();
            tokio::spawn(async move {
                let increment = async |tx: &mut Tx<'_>| {
                    let n = tx.row("select n from counter", &[]).await?.unwrap().int(0)?;
                    tx.execute("update counter set n = $1", &params![n + 1]).await
                };
                store.write(increment).await
            })
        });
        for task in join_all(tasks).await {
            assert_eq!(task.unwrap(), Ok(1));
        }
        let n = t.store.read(async |tx| tx.row("select n from counter", &[]).await?.unwrap().int(0)).await;
        assert_eq!(n, Ok(50));
    }

    async fn a_read_sees_every_write_that_was_answered(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        for i in 0..100 {
            let name = format!("name {i}");
            let wanted = name.clone();
            t.store.write(async move |tx| add(tx, &name).await).await.unwrap();
            let found = t.store.read(async move |tx| {
                tx.row("select name from names where name = $1", &params![&wanted]).await
            });
            assert!(found.await.unwrap().is_some(), "name {i}");
            assert_eq!(names(&t.store).await.len(), i + 1);
        }
    }

    async fn a_read_sees_one_state_of_the_database(engine: Engine) {
        async fn count(tx: &mut Tx<'_>) -> Result<i64> {
            tx.row("select count(*) from names", &[]).await?.unwrap().int(0)
        }
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let (looked, first_look) = tokio::sync::oneshot::channel();
        let (written, go_on) = channel::<()>();
        let (looked, go_on) = (Mutex::new(Some(looked)), Mutex::new(go_on));
        let store = t.store.clone();
        let reading = tokio::spawn(async move {
            let query = async move |tx: &mut Tx<'_>| {
                let before = count(tx).await?;
                looked.lock().unwrap().take().unwrap().send(()).unwrap();
                tokio::task::block_in_place(|| go_on.lock().unwrap().recv().unwrap());
                Ok((before, count(tx).await?))
            };
            store.read_list(query).await
        });
        first_look.await.unwrap();
        t.store.write(async |tx| add(tx, "late").await).await.unwrap();
        written.send(()).unwrap();
        assert_eq!(reading.await.unwrap(), Ok((0, 0)));
        assert_eq!(names(&t.store).await, ["late"]);
    }

    async fn a_read_cannot_write(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        assert!(t.store.read(async |tx| add(tx, "read").await).await.is_err());
        assert!(t.store.read_list(async |tx| add(tx, "list").await).await.is_err());
        t.store.write(async |tx| add(tx, "write").await).await.unwrap();
        assert_eq!(names(&t.store).await, ["write"]);
    }

    async fn a_read_that_panics_harms_nobody(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        for _ in 0..20 {
            let outcome: Result<()> = t.store.read(async |tx| {
                tx.rows("select name from names", &[]).await?;
                panic!("over")
            }).await;
            assert_eq!(outcome, Err(Error::Internal("a command panicked: over".to_owned())));
        }
        assert!(names(&t.store).await.is_empty());
    }

    async fn a_command_that_goes_on_after_a_failed_statement_is_not_stored(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let outcome = t.store.write(async |tx| {
            add(tx, "twice").await?;
            assert!(matches!(add(tx, "twice").await, Err(Error::Conflict(_))));
            assert!(matches!(add(tx, "other").await, Err(Error::Internal(_))));
            Ok(())
        });
        assert_eq!(
            outcome.await,
            Err(Error::Internal("a command went on after a statement had failed".to_owned()))
        );
        assert!(names(&t.store).await.is_empty());
    }

    async fn a_command_ends_even_if_nobody_waits(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let (begun, wait) = tokio::sync::oneshot::channel();
        let begun = Mutex::new(Some(begun));
        let store = t.store.clone();
        let caller = tokio::spawn(async move {
            store.write(async move |tx| {
                begun.lock().unwrap().take().unwrap().send(()).unwrap();
                std::thread::sleep(Duration::from_millis(50));
                add(tx, "stored").await
            }).await
        });
        wait.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        t.store.close().await;
        assert_eq!(names(&t.reopen().await.unwrap()).await, ["stored"]);
    }

    async fn a_closed_store_says_so(engine: Engine) {
        let t = TestStore::new(engine).await;
        t.store.close().await;
        t.store.close().await;
        let outcome = t.store.write(async |_| Ok(())).await;
        assert_eq!(outcome, Err(Error::Unavailable("the store is closed".to_owned())));
    }

    async fn a_bulk_keeps_its_order(engine: Engine) {
        let t = TestStore::new(engine).await;
        t.store.write(async |tx| {
            tx.execute("create table words (id bigint not null primary key, word text not null)", &[]).await
        }).await.unwrap();
        let stored = t.store.write(async |tx| {
            let upsert = "insert into words (id, word) values ($2, $1)
                on conflict (id) do update set word = excluded.word";
            let rows: Vec<_> = (0..2_501).map(|i| params![format!("word {i}"), i % 1_000].to_vec()).collect();
            tx.execute_many(upsert, &rows).await
        });
        assert_eq!(stored.await, Ok(2_501));
        let found = t.store.read_list(async |tx| {
            let ids: Vec<_> = [999, 0, 5_000, 500].map(|id: i64| params![id].to_vec()).to_vec();
            let found = tx.rows_many("select word from words where id = $1", &ids).await?;
            found.iter().map(|rows| rows.iter().map(|row| row.text(0)).collect()).collect::<Result<Vec<Vec<_>>>>()
        });
        let expected: [&[&str]; 4] = [&["word 1999"], &["word 2000"], &[], &["word 2500"]];
        assert_eq!(found.await.unwrap(), expected);
        let empty = t.store.write(async |tx| {
            Ok((tx.execute_many("delete from words where id = $1", &[]).await?, tx.rows_many("select $1", &[]).await?))
        });
        assert_eq!(empty.await, Ok((0, vec![])));
    }

    async fn a_bulk_with_a_duplicate_is_a_conflict_and_stores_nothing(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let outcome = t.store.write(async |tx| {
            let rows: Vec<_> = ["a", "b", "a", "c"].map(|name| params![name].to_vec()).to_vec();
            tx.execute_many("insert into names (name) values ($1)", &rows).await
        });
        assert!(matches!(outcome.await, Err(Error::Conflict(_))));
        assert!(names(&t.store).await.is_empty());
        t.store.write(async |tx| add(tx, "a").await).await.unwrap();
    }
}
