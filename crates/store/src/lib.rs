//! The store: everything Waybill remembers, in SQLite or PostgreSQL. All SQL is here, one file a noun.
//!
//! A verb hands over a command, which runs in one transaction:
//!
//! ```ignore
//! store.write(async move |tx| {
//!     shipments::mark_booked(tx, &shipment).await?;
//!     events::emit(tx, &event).await
//! }).await?;
//! ```
//!
//! A command may be called again (PostgreSQL asks for that when two met), so it has no effect but through `tx`; and
//! it waits for nothing but `tx`. Only [`sqlite`] and [`postgres`] know which engine they are.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{Error, Result};

pub mod accounts;
pub mod acts;
mod addresses;
mod backup;
pub mod batches;
pub mod blobs;
mod bulk;
pub mod channels;
mod checks;
pub mod codec;
pub mod collections;
pub mod customers;
pub mod dispatches;
pub mod documents;
pub mod erasures;
pub mod events;
pub mod exchanges;
pub mod filter;
pub mod idempotency;
pub mod installation;
pub mod jobs;
pub mod keys;
pub mod lanes;
mod latest;
mod latest_first;
pub mod locations;
pub mod manifests;
mod migrate;
mod notices;
pub mod order_states;
pub mod orders;
pub mod postgres;
mod pushes;
pub mod routing;
pub mod searched;
mod sequences;
pub mod setup;
pub mod shipments;
pub mod sqlite;
pub mod tenants;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tracking;
pub mod tx;
pub mod views;
pub mod webhooks;

pub use tx::{Row, Tx, Value};

/// Which database holds what Waybill remembers.
#[derive(Clone, PartialEq, Eq)]
pub enum Config {
    /// A file on this machine, for one node.
    Sqlite {
        /// The database file; it and its folder are made if missing.
        path: PathBuf,
    },
    /// A server, for any number of nodes.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
        /// Connections of this node at most.
        pool_size: usize,
    },
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { pool_size, .. } => {
                f.debug_struct("Postgres").field("pool_size", pool_size).finish_non_exhaustive()
            }
        }
    }
}

/// An open database. Cloning gives another handle to the same one.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    sequences: sequences::Sequences,
}

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database and brings it to the newest schema.
    ///
    /// Fails with [`Error::Conflict`] if a newer Waybill has already changed it or its text order is not bytewise,
    /// and with [`Error::Unavailable`] if it cannot be reached.
    pub async fn open(config: &Config) -> Result<Store> {
        let engine = match config.clone() {
            Config::Sqlite { path } => Engine::Sqlite(
                tokio::task::spawn_blocking(move || sqlite::Sqlite::open(&path)).await.map_err(Error::internal)??,
            ),
            Config::Postgres { url, pool_size } => Engine::Postgres(postgres::Postgres::open(&url, pool_size).await?),
        };
        let store = Store(Arc::new(Inner { engine, sequences: sequences::Sequences::default() }));
        const BATCH: usize = 500;
        while store.read(async |tx| tx.has_unsearched_orders().await).await?
            && store.write(async |tx| tx.search_old_orders(BATCH).await).await? == BATCH
        {}
        Ok(store)
    }

    /// Runs a command in one transaction and answers once it is stored for good.
    ///
    /// If it fails or panics, nothing of it is stored. It runs to its end even if the caller stops waiting.
    /// [`Error::Unavailable`] says that nothing was stored or, when the connection was lost or the disk failed
    /// during the commit, that nobody knows.
    pub async fn write<T, F>(&self, command: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.write(command).await,
            Engine::Postgres(postgres) => postgres.write(command).await,
        }
    }

    /// Reads a few rows by index, on one state of the database. It sees every write that was answered before.
    ///
    /// On SQLite the query runs at once on the caller's thread: what may take long belongs in [`Self::read_list`].
    pub async fn read<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(query),
            Engine::Postgres(postgres) => postgres.read(query).await,
        }
    }

    /// Reads a list or a report, on one state of the database. It sees every write that was answered before.
    pub async fn read_list<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read_list(query).await,
            Engine::Postgres(postgres) => postgres.read(query).await,
        }
    }

    /// Takes `count` ids nobody has had before. They rise from 1 and stay below 2^53; some are left out.
    ///
    /// Not to be called inside a command: ids are drawn before it, so that a command that is rolled back or called
    /// again never hands one out twice.
    pub async fn take_ids(&self, sequence: &str, count: u64) -> Result<Vec<u64>> {
        self.0.sequences.take(self, sequence, count).await
    }

    /// Takes no further command, lets those that wait finish and be answered, and leaves the database tidy.
    pub async fn close(&self) {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }

    /// Whether this is SQLite, which has one node only.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0.engine, Engine::Sqlite(_))
    }
}

/// A command that panicked: our fault, and the message is for the log.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::Internal(format!("a command panicked: {}", text.unwrap_or("without a message")))
}

/// A command that did not end at its first failing statement. PostgreSQL would not go on either.
fn went_on() -> Error {
    Error::internal("a command went on after a statement had failed")
}
