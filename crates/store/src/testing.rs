//! Test databases: each test has a fresh and empty one, on the engine it asks for, and it goes with the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use domain::Result;

pub use proxy::{Fault, Proxy};

mod proxy;

use crate::{Config, Store, migrate};

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static EXCHANGES: AtomicU64 = AtomicU64::new(0);

/// Statements this process has sent so far. One that is sent for many rows at once counts as one.
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// Counts one more.
pub(crate) fn count_statement() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

/// How often this process has waited for PostgreSQL so far: a statement, or a commit, with whatever went out with it.
pub fn exchanges() -> u64 {
    EXCHANGES.load(Ordering::Relaxed)
}

/// Counts one more.
pub(crate) fn count_exchange() {
    EXCHANGES.fetch_add(1, Ordering::Relaxed);
}

/// The engines a test runs on; see [`on_both_engines!`](crate::on_both_engines).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A database on the server that `WAYBILL_TEST_POSTGRES` names.
    Postgres,
}

/// A store on a database of its own.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// How to open the same database once more.
    pub config: Config,
    database: Database,
}

/// What is removed in the end.
#[derive(Debug)]
enum Database {
    Folder(PathBuf),
    Postgres { server: String, name: String },
}

impl TestStore {
    /// Makes a database and opens it.
    ///
    /// # Panics
    ///
    /// If that fails: a test cannot go on.
    pub async fn new(engine: Engine) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("waybill_test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let (config, database) = match engine {
            Engine::Sqlite => {
                let folder = std::env::temp_dir().join(name);
                // What an earlier run with the same process id may have left.
                let _ = std::fs::remove_dir_all(&folder);
                (Config::Sqlite { path: folder.join("waybill.db") }, Database::Folder(folder))
            }
            Engine::Postgres => {
                let server = server();
                let url = format!("{server}/{name}");
                create(&server, &name).await;
                (Config::Postgres { url, pool_size: 8 }, Database::Postgres { server, name })
            }
        };
        let store = Store::open(&config).await.unwrap_or_else(|error| panic!("the test database: {error}"));
        Self { store, config, database }
    }

    /// Makes a PostgreSQL database and reaches it through a proxy that can fail. `parameters` go into the URL, such as
    /// `?tcp_user_timeout=1`.
    ///
    /// # Panics
    ///
    /// If that fails: a test cannot go on.
    pub async fn behind_a_proxy(parameters: &str) -> (Self, Proxy) {
        let mut made = Self::new(Engine::Postgres).await;
        let Config::Postgres { url, pool_size } = made.config.clone() else { panic!("a server") };
        made.store.close().await;
        let (server, name) = url.rsplit_once('/').expect("a database in the URL");
        let (head, address) = server.rsplit_once('@').expect("a user in the URL");
        let proxy = Proxy::start(address).await;
        made.config = Config::Postgres { url: format!("{head}@{}/{name}{parameters}", proxy.address), pool_size };
        made.store = made.reopen().await.unwrap_or_else(|error| panic!("the test database: {error}"));
        (made, proxy)
    }

    /// Opens the same database once more, as another node or the next start would.
    pub async fn reopen(&self) -> Result<Store> {
        Store::open(&self.config).await
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        match &self.database {
            Database::Folder(folder) => remove(folder),
            Database::Postgres { server, name } => {
                let sql = format!("drop database if exists {name} with (force)");
                let server = server.clone();
                // A thread, for nothing can be awaited here. If it fails, the database goes with the server.
                let dropped = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                    runtime.block_on(run(&server, &[&sql])).map_err(std::io::Error::other)
                });
                let _ = dropped.join();
            }
        }
    }
}

/// Removes the folder, while the writer may still be folding its log into the file.
fn remove(folder: &Path) {
    for _ in 0..50 {
        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// The server's URL, without a database.
fn server() -> String {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration but this")]
    let url = std::env::var("WAYBILL_TEST_POSTGRES");
    let Ok(url) = url else {
        panic!("WAYBILL_TEST_POSTGRES names no PostgreSQL server: run the tests with ./test, which starts one");
    };
    url.trim_end_matches('/').to_owned()
}

async fn create(server: &str, name: &str) {
    let made = async {
        let template = template(server).await?;
        let drop = format!("drop database if exists {name} with (force)");
        run(server, &[&drop, &format!("create database {name} template {template}")]).await
    };
    if let Err(error) = made.await {
        panic!("cannot make the database {name}: {error:?}");
    }
}

/// The name of a database with the newest schema, which those of tests are copies of: a copy takes a tenth of the time that
/// all migrations take. Whoever needs it first makes it.
async fn template(server: &str) -> std::result::Result<String, tokio_postgres::Error> {
    const THERE: &str = "select 1 from pg_database where datname = $1";
    let name = format!("waybill_template_{:016x}", migrate::fingerprint());
    let (client, connection) = tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    if client.query_opt(THERE, &[&name]).await?.is_none() {
        client.batch_execute("select pg_advisory_lock(5721)").await?;
        if client.query_opt(THERE, &[&name]).await?.is_none() {
            let unfinished = format!("{name}_unfinished");
            let remove = format!("drop database if exists {unfinished} with (force)");
            let create = format!("create database {unfinished} template template0 encoding 'UTF8' locale 'C.UTF-8'");
            client.batch_execute(&remove).await?;
            client.batch_execute(&create).await?;
            let (mut own, talking) =
                tokio_postgres::connect(&format!("{server}/{unfinished}"), tokio_postgres::NoTls).await?;
            let talking = tokio::spawn(talking);
            migrate::postgres(&mut own).await.unwrap_or_else(|error| panic!("the template of test databases: {error}"));
            drop(own);
            let _ = talking.await;
            client.batch_execute(&format!("alter database {unfinished} rename to {name}")).await?;
            client.batch_execute(&format!("alter database {name} allow_connections false")).await?;
        }
    }
    // The lock goes with the connection.
    drop(client);
    let _ = connection.await;
    Ok(name)
}

async fn run(server: &str, statements: &[&str]) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await?;
    }
    drop(client);
    let _ = connection.await;
    Ok(())
}

/// Runs each test on both engines, as `name::on_sqlite` and `name::on_postgres`.
///
/// ```ignore
/// store::on_both_engines! {
///     async fn what_is_written_can_be_read(engine: Engine) {
///         let t = TestStore::new(engine).await;
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        async fn $name($engine: $crate::testing::Engine) $body

        mod $name {
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name($crate::testing::Engine::Sqlite).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name($crate::testing::Engine::Postgres).await;
            }
        }
    )*};
}
