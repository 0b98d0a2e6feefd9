//! The schema and its versions: numbered files in `migrations/`, each run once, in order, in a transaction.
//!
//! The files hold the same SQL for both engines, except where they have no words in common (triggers): then each engine
//! has a file of its own under the same number. One that has been released is never edited.

use domain::{Error, Result};
use rusqlite::TransactionBehavior;
use tokio_postgres::Client;

use crate::{postgres, sqlite};

/// A step from one version of the schema to the next.
struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    fn failed(&self, error: Error) -> Error {
        match error {
            Error::Unavailable(text) => Error::Unavailable(format!("migration {}: {text}", self.name)),
            other => Error::Internal(format!("migration {}: {other}", self.name)),
        }
    }
}

macro_rules! migrations {
    ($($version:literal $name:literal $($apart:ident)?),* $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sqlite: migrations!(@ $name ".sqlite" $($apart)?),
            postgres: migrations!(@ $name ".postgres" $($apart)?),
        }),*]
    };
    (@ $name:literal $engine:literal apart) => {
        include_str!(concat!("../../../migrations/", $name, $engine, ".sql"))
    };
    (@ $name:literal $engine:literal) => {
        include_str!(concat!("../../../migrations/", $name, ".sql"))
    };
}

/// Every version, in order. A new file is one more line; `apart` says that each engine has its own.
const MIGRATIONS: &[Migration] = migrations![
    1 "0001_sequences",
    2 "0002_setup",
    3 "0003_orders",
    4 "0004_events",
    5 "0005_lanes",
    6 "0006_tracking",
    7 "0007_idempotency",
    8 "0008_key_rotation",
    9 "0009_webhooks",
    10 "0010_key_secrets",
    11 "0011_cancelled_orders",
    12 "0012_dispatches",
    13 "0013_account_checks",
    14 "0014_push_addresses",
    15 "0015_address_checks",
    16 "0016_customers",
    17 "0017_batches",
    18 "0018_searched_orders",
    19 "0019_webhook_authentication",
    20 "0020_searched_documents",
    21 "0021_acts",
    22 "0022_kept_acts" apart,
    23 "0023_returns",
    24 "0024_saved_views",
    25 "0025_parcels_by_sscc",
    26 "0026_unserved_orders",
    27 "0027_order_states",
    28 "0028_exports",
    29 "0029_notices",
    30 "0030_collections",
    31 "0031_listed_shipments",
];

const TABLE: &str =
    "create table if not exists schema_version (version bigint not null primary key, name text not null)";
const CURRENT: &str = "select max(version) from schema_version";
/// Any number nobody else locks in this database.
const LOCK: &str = "select pg_advisory_lock(7729645512)";
const UNLOCK: &str = "select pg_advisory_unlock(7729645512)";

/// The steps a database at `version` lacks.
fn after(version: i64) -> Result<&'static [Migration]> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if version > newest {
        return Err(Error::Conflict(format!(
            "the database is at schema version {version}, this binary knows {newest}: start a newer waybill"
        )));
    }
    let first = MIGRATIONS.iter().position(|migration| migration.version > version);
    Ok(first.map_or(&[], |first| &MIGRATIONS[first..]))
}

/// What all migrations say, as a number: two binaries with the same one make the same schema.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    let mut hasher = DefaultHasher::new();
    for migration in MIGRATIONS {
        (migration.name, migration.postgres).hash(&mut hasher);
    }
    hasher.finish()
}

/// Brings a SQLite database to the newest version. Another process may be doing the same.
pub(crate) fn sqlite(connection: &mut rusqlite::Connection) -> Result<()> {
    let current = |connection: &rusqlite::Connection| {
        connection.query_row(CURRENT, [], |row| row.get::<_, Option<i64>>(0)).map(Option::unwrap_or_default)
    };
    connection.execute_batch(TABLE).map_err(sqlite::refused)?;
    let version = current(connection).map_err(sqlite::refused)?;
    for migration in after(version)? {
        let mut run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if current(&transaction)? < migration.version {
                transaction.execute_batch(migration.sqlite)?;
                transaction.execute(
                    "insert into schema_version (version, name) values (?1, ?2)",
                    (migration.version, migration.name),
                )?;
            }
            transaction.commit()
        };
        run().map_err(|error| migration.failed(sqlite::refused(error)))?;
    }
    Ok(())
}

/// Brings a PostgreSQL database to the newest version. Nodes that start together take turns.
pub(crate) async fn postgres(client: &mut Client) -> Result<()> {
    let refused = |error: tokio_postgres::Error| postgres::refused(&error);
    client.batch_execute(LOCK).await.map_err(refused)?;
    client.batch_execute(TABLE).await.map_err(refused)?;
    let version = client.query_one(CURRENT, &[]).await.map_err(refused)?.get::<_, Option<i64>>(0);
    for migration in after(version.unwrap_or_default())? {
        let failed = |error| migration.failed(refused(error));
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.batch_execute(migration.postgres).await.map_err(failed)?;
        transaction
            .execute(
                "insert into schema_version (version, name) values ($1, $2)",
                &[&migration.version, &migration.name],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    // After a failure the lock goes with the connection.
    client.batch_execute(UNLOCK).await.map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn every_file_is_in_the_list_and_they_are_numbered_from_1() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let files_of = |migration: &super::Migration| {
            if migration.sqlite == migration.postgres {
                vec![format!("{}.sql", migration.name)]
            } else {
                ["postgres", "sqlite"].map(|engine| format!("{}.{engine}.sql", migration.name)).to_vec()
            }
        };
        let listed: Vec<_> = MIGRATIONS.iter().flat_map(files_of).collect();
        assert_eq!(listed, files);
        for (migration, version) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, version);
            assert!(migration.name.starts_with(&format!("{version:04}_")), "{}", migration.name);
        }
    }
}
