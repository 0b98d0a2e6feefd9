//! Opening brings the schema to the newest version, once, and refuses what it does not know.

use domain::Error;
use domain::tenant::Scope;
use futures::future::join_all;
use store::keys::KeyRow;
use store::testing::TestStore;
use store::{Config, Store, on_both_engines, params};

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

    async fn keys_from_before_they_had_several_secrets_work_as_they_did(engine: Engine) {
        let t = TestStore::new(engine).await;
        // The tables as the second migration made them, with a key and a token.
        for sql in [
            "drop table api_keys",
            "drop table key_secrets",
            "create table api_keys (secret_hash bytea not null primary key, tenant_id text not null,
                name text not null, public_part text not null, scopes text not null)",
            "create unique index api_keys_by_name on api_keys (tenant_id, name)",
            "create unique index api_keys_by_public on api_keys (public_part)",
            "drop table dispatches",
            "drop index orders_by_creation",
            "alter table orders drop column cancelled_at",
            "drop index orders_by_check",
            "alter table orders drop column check_due",
            "alter table orders drop column address_check",
            "alter table tokens drop column family",
            "alter table webhook_endpoints drop column variant",
            "drop table account_checks",
            "drop table push_addresses",
            "drop table customers",
            "drop table customer_keys",
            "drop table batches",
            "drop table batch_orders",
            "drop index documents_of_batch",
            "alter table documents drop column batch_id",
            "alter table documents drop column batch_printing",
            "alter table documents drop column batch_place",
            "alter table documents drop column batch_labels",
            "alter table documents drop column batch_group",
            "delete from schema_version where version >= 10",
        ] {
            t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        }
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
        let newest = versions(&t.store).await.len();
        let sql = "insert into schema_version (version, name) values (9000, 'from the future')";
        t.store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
        let refused = format!(
            "the database is at schema version 9000, this binary knows {newest}: start a newer waybill"
        );
        assert_eq!(t.reopen().await.map(drop), Err(Error::Conflict(refused)));
    }
}
