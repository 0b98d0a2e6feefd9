//! Opening brings the schema to the newest version, once, and refuses what it does not know.

use domain::Error;
use domain::tenant::{Scope, TenantId};
use futures::future::join_all;
use query::{Filter, Test};
use store::filter::{Ceiling, OrderField, OrderQuery};
use store::keys::KeyRow;
use store::testing::TestStore;
use store::{Config, Store, on_both_engines, params};

/// The versions the database has seen.
async fn versions(store: &Store) -> Vec<i64> {
    let sql = "select version from schema_version order by version";
    let versions = store.read(async move |tx| tx.rows(sql, &[]).await?.iter().map(|row| row.int(0)).collect());
    versions.await.unwrap()
}

/// Makes the database what it was at a version, and empty.
async fn go_back(store: &Store, version: i64) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let without_comments = |text: String| {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        lines.join("\n")
    };
    let read = |file: &std::path::PathBuf| without_comments(std::fs::read_to_string(file).unwrap());
    let mut statements = Vec::new();
    for table in files.iter().flat_map(|file| read(file).lines().map(str::to_owned).collect::<Vec<_>>()) {
        if let Some(name) = table.strip_prefix("create table ") {
            statements.push(format!("drop table if exists {}", name.split_whitespace().next().unwrap()));
        }
    }
    for file in files.iter().take(version as usize) {
        let text = read(file);
        statements.extend(text.split(';').map(str::trim).filter(|sql| !sql.is_empty()).map(str::to_owned));
    }
    statements.push(format!("delete from schema_version where version > {version}"));
    let command = async move |tx: &mut store::Tx<'_>| {
        for sql in &statements {
            tx.execute(sql, &[]).await?;
        }
        Ok(())
    };
    store.write(command).await.unwrap();
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

    async fn keys_from_before_they_had_several_secrets_work_as_they_did(engine: Engine) {
        let t = TestStore::new(engine).await;
        go_back(&t.store, 9).await;
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        let later = "2026-03-02T11:00:00Z".parse().unwrap();
        t.store.write(async move |tx| {
            let add = "insert into api_keys (secret_hash, tenant_id, name, public_part, scopes)
                values ($1, 'acme', 'shop', 'pub-acme', 'read print')";
            tx.execute(add, &params![b"hash".as_slice()]).await?;
            let add = "insert into tokens (token_hash, secret_hash, expires_at) values ($1, $2, $3)";
            tx.execute(add, &params![b"token".as_slice(), b"hash".as_slice(), later]).await
        }).await.unwrap();

        let store = t.reopen().await.unwrap();
        let (found, by_token, listed) = store.write(async move |tx| {
            tx.name_hashes("first").await?;
            let elsewhere = tx.keys_hashed_elsewhere("second", now).await?;
            assert_eq!(elsewhere, tx.keys(now).await?);
            assert_eq!(tx.keys_hashed_elsewhere("first", now).await?, []);
            Ok((tx.key_by_secret(b"hash", now).await?, tx.key_by_token(b"token", now).await?, elsewhere))
        }).await.unwrap();
        let (key, until) = found.unwrap();
        assert_eq!((key.tenant.as_str(), key.name.as_str(), key.public.as_str()), ("acme", "shop", "pub-acme"));
        assert_eq!((key.scopes.as_slice(), until), ([Scope::Read, Scope::Print].as_slice(), None));
        assert_eq!(by_token, Some((key.clone(), later)));
        assert_eq!(listed, [KeyRow { key, created_at: None, rotated_at: None, older_until: None }]);
        // The old names of indexes and constraints are free again.
        assert!(t.reopen().await.is_ok());
    }

    async fn a_newer_database_is_refused(engine: Engine) {
        let t = TestStore::new(engine).await;
        let newest = *versions(&t.store).await.last().unwrap();
        let sql = "insert into schema_version (version, name) values (9000, 'from the future')";
        t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        let refused = format!(
            "the database is at schema version 9000, this binary knows {newest}: start a newer waybill"
        );
        assert_eq!(t.reopen().await.map(drop), Err(Error::Conflict(refused)));
    }

    async fn orders_from_before_they_were_searched_are_found_after_the_next_start(engine: Engine) {
        let t = TestStore::new(engine).await;
        go_back(&t.store, 17).await;
        let add = async |tx: &mut store::Tx<'_>| {
            let add = "insert into orders (tenant_id, id, channel, external_id, external_id_key, number_key, status_key, placed_at,
                    changed_at, created_at, modified_at, version, is_deleted, body)
                values ('acme', $1, 7, $2, $2, '', '', 0, 0, 0, 0, 1, 0, $3)";
            for id in 1..=3_i64 {
                let body = r#"{"tags":["old"],"shipping_address":{"country":"NL"}}"#;
                tx.execute(add, &params![id, format!("E{id}"), body]).await?;
            }
            Ok(())
        };
        t.store.write(add).await.unwrap();

        let store = t.reopen().await.unwrap();
        for (field, value) in [(OrderField::Tags, "old"), (OrderField::Country, "NL"), (OrderField::Standing, "open")] {
            let filter = Filter::Field(field, vec![Test::Eq(query::Value::text(value))]);
            let query = OrderQuery { filter, limit: 9, ..OrderQuery::default() };
            let tenant = TenantId::new("acme").unwrap();
            let found = store.read_list(async move |tx| tx.find_orders(&tenant, &query, Ceiling::default()).await).await.unwrap();
            assert_eq!(found.orders.iter().map(|order| order.id.number()).collect::<Vec<_>>(), [1, 2, 3], "{field:?}");
        }
    }
}
