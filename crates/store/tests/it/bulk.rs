//! Many rows in one statement mean the same as one after the other.

use domain::Error;
use store::testing::TestStore;
use store::{Row, Store, Value, on_both_engines, params};

const COLUMNS: [&str; 5] = ["id", "name", "n", "t", "b"];

async fn things(store: &Store) {
    let sql =
        "create table things (id bigint not null primary key, name text not null unique, n bigint, t text, b bytea)";
    store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
}

async fn stored(store: &Store) -> Vec<Row> {
    store.read(async |tx| tx.rows("select id, name, n, t, b from things order by id", &[]).await).await.unwrap()
}

fn names(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{} {}", row.int(0).unwrap(), row.text(1).unwrap())).collect()
}

fn named(names: &[(i64, &str)]) -> Vec<Vec<Value>> {
    names.iter().map(|(id, name)| params![*id, *name, Value::Null, *name, Value::Null].to_vec()).collect()
}

on_both_engines! {
    async fn every_kind_of_value_goes_in_by_the_thousand_and_is_updated_by_its_key(engine: Engine) {
        let t = TestStore::new(engine).await;
        things(&t.store).await;
        let row = |id: i64| match id % 3 {
            0 => params![id, format!("ø{id}"), Value::Null, "Grüße, 世界", vec![0_u8, 255]].to_vec(),
            1 => params![id, format!("ø{id}"), i64::MIN, Value::Null, Vec::new()].to_vec(),
            _ => params![id, format!("ø{id}"), i64::MAX, "", Value::Null].to_vec(),
        };
        for count in [0, 1, 2, 2_500] {
            let rows: Vec<_> = (0..count).map(row).collect();
            let written = rows.clone();
            t.store
                .write(async move |tx| {
                    tx.execute("delete from things", &[]).await?;
                    tx.insert_all("things", &COLUMNS, &written).await
                })
                .await
                .unwrap();
            let found = stored(&t.store).await;
            assert_eq!(found.len(), rows.len());
            for (row, expected) in found.iter().zip(&rows) {
                let read = params![
                    row.int(0).unwrap(),
                    row.text(1).unwrap(),
                    row.opt_int(2).unwrap(),
                    row.opt_text(3).unwrap(),
                    row.opt_bytes(4).unwrap(),
                ];
                assert_eq!(read.as_slice(), expected.as_slice());
            }
            // Each gets its own number, and nobody keeps a text.
            let changes: Vec<_> = (0..count).map(|id| params![id, format!("ø{id}"), -id, Value::Null].to_vec()).collect();
            let sets = ["n", "t"];
            t.store.write(async move |tx| tx.update_all("things", &["id", "name"], &sets, &changes).await).await.unwrap();
            let found = stored(&t.store).await;
            assert!(found.iter().all(|row| row.opt_int(2) == Ok(Some(-row.int(0).unwrap()))), "{count}");
            assert!(found.iter().all(|row| row.opt_text(3) == Ok(None)), "{count}");
        }
    }

    async fn what_meets_another_row_is_left_out_and_told(engine: Engine) {
        let t = TestStore::new(engine).await;
        things(&t.store).await;
        let new = async |rows: Vec<Vec<Value>>| {
            t.store.write(async move |tx| tx.insert_new("things", &COLUMNS, &rows).await).await.unwrap()
        };
        assert_eq!(new(named(&[])).await, Vec::<bool>::new());
        assert_eq!(new(named(&[(1, "a")])).await, [true]);
        assert_eq!(new(named(&[(2, "a")])).await, [false]);
        // One that is stored, one that is repeated, one whose number is taken.
        let rows = named(&[(3, "b"), (4, "a"), (5, "b"), (6, "c"), (1, "d"), (7, "e")]);
        assert_eq!(new(rows).await, [true, false, false, true, false, true]);
        let rows = named(&[(8, "a"), (9, "f"), (10, "f")]);
        t.store.write(async move |tx| tx.insert_missing("things", &COLUMNS, &rows).await).await.unwrap();
        assert_eq!(names(&stored(&t.store).await), ["1 a", "3 b", "6 c", "7 e", "9 f"]);

        let rows = named(&[(11, "g"), (12, "a")]);
        let refused = t.store.write(async move |tx| tx.insert_all("things", &COLUMNS, &rows).await).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(stored(&t.store).await.len(), 5, "all or none");
    }

    async fn a_column_of_two_kinds_is_a_mistake_of_ours(engine: Engine) {
        let t = TestStore::new(engine).await;
        things(&t.store).await;
        let rows = vec![params![1, "a", 1].to_vec(), params![2, "b", "two".as_bytes()].to_vec()];
        let columns = ["id", "name", "n"];
        let outcome = t.store.write(async move |tx| tx.insert_all("things", &columns, &rows).await).await;
        // SQLite takes anything into any column.
        assert_eq!(outcome.is_ok(), t.store.is_sqlite(), "{outcome:?}");
    }
}

on_both_engines! {
    async fn what_is_put_off_is_stored_with_the_rest_or_told_with_the_commit(engine: Engine) {
        let t = TestStore::new(engine).await;
        things(&t.store).await;
        let add = "insert into things (id, name) values ($1, $2)";
        let put_off = async |names: &'static [(i64, &'static str)], looks: bool| {
            let rows: Vec<_> = names.iter().map(|(id, name)| params![*id, *name].to_vec()).collect();
            t.store
                .write(async move |tx| {
                    tx.execute_later(add, &rows).await?;
                    // What comes behind sees it.
                    if looks { Ok(tx.rows("select id from things", &[]).await?.len()) } else { Ok(0) }
                })
                .await
        };
        assert_eq!(put_off(&[(1, "a")], false).await, Ok(0));
        assert_eq!(put_off(&[(2, "b"), (3, "c")], true).await, Ok(3));
        for looks in [false, true] {
            let refused = put_off(&[(4, "d"), (5, "a")], looks).await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        }
        let no_table = t.store.write(async |tx| tx.execute_later("insert into nothing values ($1)", &[vec![1.into()]]).await);
        assert!(matches!(no_table.await, Err(Error::Internal(_))));
        assert_eq!(put_off(&[(6, "f")], true).await, Ok(4), "the connection is of use afterwards");
        assert_eq!(names(&stored(&t.store).await), ["1 a", "2 b", "3 c", "6 f"]);
    }

    async fn what_meets_another_command_while_put_off_runs_again(engine: Engine) {
        let t = TestStore::new(engine).await;
        things(&t.store).await;
        t.store.write(async |tx| tx.execute("insert into things (id, name, n) values (1, 'a', 0)", &[]).await).await.unwrap();
        let raise = async || {
            t.store
                .write(async |tx| {
                    let n = tx.row("select n from things where id = 1", &[]).await?.unwrap().int(0)?;
                    tx.execute_later("update things set n = $1 where id = 1", &[vec![(n + 1).into()]]).await
                })
                .await
        };
        let raised = futures::future::join_all((0..20).map(|_| raise())).await;
        assert!(raised.iter().all(Result::is_ok), "{raised:?}");
        assert_eq!(stored(&t.store).await[0].int(2), Ok(20), "no update is lost");
    }
}
