//! Values come back as they went in, and placeholders mean the same on both engines.

use domain::ids::OrderId;
use domain::{Error, Timestamp};
use store::testing::TestStore;
use store::{Row, Value, on_both_engines, params};

use crate::{add, make_names};

on_both_engines! {
    async fn values_come_back_as_they_went_in(engine: Engine) {
        let t = TestStore::new(engine).await;
        let sql = "create table things (id bigint not null primary key, n bigint, t text, b bytea)";
        t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        let at: Timestamp = "2026-03-01T10:00:00.123456Z".parse().unwrap();
        let long = "ø".repeat(100_000);
        let things = [
            params![Value::Null, Value::Null, Value::Null],
            params![i64::MIN, "", Vec::new()],
            params![i64::MAX, "Grüße, 世界 👋 e\u{301}", vec![0_u8, 255, 39]],
            params![true, "'; drop table things; --", "text".as_bytes()],
            params![OrderId::new(664).unwrap(), long, [7_u8; 32]],
            params![at, None::<String>, Some(vec![1_u8])],
        ];
        let rows: Vec<_> = things
            .iter()
            .zip(1_i64..)
            .map(|(thing, id)| [params![id].as_slice(), thing.as_slice()].concat())
            .collect();
        let written = rows.clone();
        let insert = "insert into things (id, n, t, b) values ($1, $2, $3, $4)";
        t.store.write(async move |tx| tx.execute_many(insert, &written).await).await.unwrap();
        let found = t.store.read(async |tx| tx.rows("select id, n, t, b from things order by id", &[]).await);
        let found = found.await.unwrap();
        for (row, expected) in found.iter().zip(&rows) {
            let read = [
                row.int(0).unwrap().into(),
                row.opt_int(1).unwrap().into(),
                row.opt_text(2).unwrap().into(),
                Value::from(row.opt_bytes(3).unwrap()),
            ];
            assert_eq!(read.as_slice(), expected.as_slice());
        }
        assert_eq!(found.len(), rows.len());
        assert_eq!(found[5].time(1), Ok(at));
        assert_eq!(found[5].opt_time(1), Ok(Some(at)));
        assert_eq!(found[0].opt_time(1), Ok(None));
        assert_eq!(found[3].bool(1), Ok(true));
        assert_eq!(found[3].str(2), Ok("'; drop table things; --"));
        let wrong = |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
        wrong(found[0].int(1).map(drop));
        wrong(found[1].text(1).map(drop));
        wrong(found[1].bytes(2).map(drop));
        wrong(found[1].int(9).map(drop));
    }

    async fn placeholders_go_by_number_and_not_by_place(engine: Engine) {
        let t = TestStore::new(engine).await;
        let row = t.store.read(async |tx| {
            let sql = "select $2, $1, '$1', $2 || '$2''$1'  -- $3
                , cast($3 as bigint) + 1";
            tx.row(sql, &params!["one", "two", 3]).await
        });
        let row: Row = row.await.unwrap().unwrap();
        let texts = [0, 1, 2, 3].map(|i| row.text(i).unwrap());
        assert_eq!(texts, ["two", "one", "$1", "two$2'$1"]);
        assert_eq!(row.int(4), Ok(4));
    }

    async fn a_statement_can_be_kept_by_many_connections(engine: Engine) {
        let t = TestStore::new(engine).await;
        let other = t.reopen().await.unwrap();
        make_names(&t.store).await;
        for i in 0..20 {
            for (store, side) in [(&t.store, "one"), (&other, "other")] {
                store.write(async move |tx| add(tx, &format!("{side} {i}")).await).await.unwrap();
            }
        }
        let again = other.write(async |tx| add(tx, "one 7").await).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    }

    async fn returning_gives_rows_and_counts(engine: Engine) {
        let t = TestStore::new(engine).await;
        make_names(&t.store).await;
        let insert = "insert into names (name) values ($1), ($2) returning name";
        let rows = t.store.write(async move |tx| tx.rows(insert, &params!["a", "b"]).await).await.unwrap();
        assert_eq!(rows.len(), 2);
        let count = t.store.write(async move |tx| tx.execute(insert, &params!["c", "d"]).await).await;
        assert_eq!(count, Ok(2));
        let nothing = t.store.write(async |tx| tx.execute("delete from names where name = $1", &params!["e"]).await);
        assert_eq!(nothing.await, Ok(0));
    }
}
