//! Opening brings the schema to the newest version, once, and refuses what it does not know.

use domain::Error;
use futures::future::join_all;
use store::testing::TestStore;
use store::{Config, Store, on_both_engines};

/// The versions the database has seen.
async fn versions(store: &Store) -> Vec<i64> {
    let sql = "select version from schema_version order by version";
    let versions = store.read(async move |tx| tx.rows(sql, &[]).await?.iter().map(|row| row.int(0)).collect());
    versions.await.unwrap()
}

on_both_engines! {
    async fn opening_again_changes_nothing(engine: Engine) {
        let t = TestStore::new(engine).await;
        let first = versions(&t.store).await;
        assert_eq!(first, (1..=first.len() as i64).collect::<Vec<_>>());
        let again = t.reopen().await.unwrap();
        assert_eq!(versions(&again).await, first);
    }

    async fn nodes_that_open_a_new_database_at_once_all_succeed(engine: Engine) {
        let t = TestStore::new(engine).await;
        let expected = versions(&t.store).await;
        let config = match &t.config {
            Config::Sqlite { path } => Config::Sqlite { path: path.with_file_name("other.db") },
            postgres @ Config::Postgres { .. } => {
                for sql in ["drop schema public cascade", "create schema public"] {
                    t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
                }
                postgres.clone()
            }
        };
        for store in join_all((0..4).map(|_| Store::open(&config))).await {
            assert_eq!(versions(&store.unwrap()).await, expected);
        }
    }

    async fn a_newer_database_is_refused(engine: Engine) {
        let t = TestStore::new(engine).await;
        let newest = versions(&t.store).await.len();
        let sql = "insert into schema_version (version, name) values (9000, 'from the future')";
        t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        let refused = format!(
            "the database is at schema version 9000, this binary knows {newest}: start a newer waybill"
        );
        assert_eq!(t.reopen().await.map(drop), Err(Error::Conflict(refused)));
    }
}
