//! PostgreSQL: pools of connections, and a transaction for each command.
//!
//! Commands run side by side at `repeatable read`. Two that change the same row make one of them fail with a
//! serialisation failure; it is rolled back and called again.

mod statistics;
mod writers;

use std::error::Error as _;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime};
use domain::{Error, Result};
use futures::FutureExt as _;
use futures::future::{join, join_all};
use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{NoTls, Statement};

use self::writers::Writers;
use crate::tx::{Row, Tx, Value};
use crate::{migrate, panicked, went_on};

/// How long a connection may take to be made, and a command may wait for one of the pool.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a server may say nothing before its connection counts as lost, unless the URL's `tcp_user_timeout` says.
const SILENCE: Duration = Duration::from_secs(40);
/// A longer statement is stopped, and so is a transaction in which nothing happens. Outside a transaction nothing can be
/// written: a first statement is sent together with `begin`, and must do nothing if that fails. Every query of ours has
/// an index; a plan made while the table was small is kept when it is large. Without sequential scans any plan that needs
/// one costs so much that it would be compiled, which takes a hundred times longer than to run it. The URL's `options`
/// may say more.
const LIMITS: &str = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=30s \
                      -c default_transaction_read_only=on -c enable_seqscan=off -c jit=off";
/// What a server notices by the way is of no use in our log.
const QUIET: &str = "-c client_min_messages=warning";
/// How often a command that met another is called again.
const RETRIES: u32 = 20;
/// Statements of a bulk that are under way at once.
const PIPELINE: usize = 1_000;

const BEGIN_WRITE: &str = "begin isolation level repeatable read read write";
const BEGIN_READ: &str = "begin isolation level repeatable read read only";

/// The PostgreSQL engine of one database.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// For queries.
    pool: Pool,
    writers: Writers,
    silence: Duration,
}

impl Postgres {
    /// Connects, looks whether the database sorts text as we need it, and brings it to the newest schema.
    pub async fn open(url: &str, pool_size: usize) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error| Error::invalid("url", format!("this is no PostgreSQL URL: {error}")))?;
        let silence = config.get_tcp_user_timeout().copied().unwrap_or(SILENCE);
        config.connect_timeout(CONNECT_TIME).tcp_user_timeout(silence);
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("waybill");
        }

        let options = [QUIET, config.get_options().unwrap_or_default()].join(" ");
        config.options(options);
        // A connection of its own: a migration may take longer than a statement of a command.
        let (mut client, connection) = config.connect(NoTls).await.map_err(|error| unreachable(&error))?;
        let connection = tokio::spawn(connection);
        require_bytewise_text(&client).await?;
        migrate::postgres(&mut client).await?;
        drop(client);
        // It ends once the client is gone; how it ends does not matter any more.
        let _ = connection.await;

        let options = [LIMITS, config.get_options().unwrap_or_default()].join(" ");
        config.options(options);
        let pool = |size: usize| {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            Pool::builder(Manager::from_config(config.clone(), NoTls, recycling))
                .max_size(size.max(1))
                // The one that was used last: its server process has everything at hand.
                .queue_mode(QueueMode::Lifo)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(CONNECT_TIME))
                .create_timeout(Some(CONNECT_TIME))
                .build()
                .map_err(Error::internal)
        };
        let of_a_writer = pool_size / 2 / writers::THREADS;
        let writers = (0..writers::THREADS).map(|_| pool(of_a_writer)).collect::<Result<_>>()?;
        let pool = pool(pool_size - pool_size / 2)?;
        tokio::spawn(statistics::keep(pool.clone()));
        Ok(Self { pool, writers: Writers::start(writers)?, silence })
    }

    /// Runs the command on a thread for commands; it ends even if the caller stops waiting.
    pub async fn write<T, F>(&self, command: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let silence = self.silence;
        let is_sent = self.writers.send(Box::new(move |pool| {
            Box::pin(async move {
                let outcome = match lease(&pool, silence).await {
                    Ok(mut lease) => lease.write(&command).await,
                    Err(error) => Err(error),
                };
                // The caller may be gone; its command has run all the same.
                let _ = reply.send(outcome);
            })
        }));
        if !is_sent {
            return Err(closed());
        }
        answer.await.unwrap_or_else(|_| Err(Error::internal("the writer ended without an answer")))
    }

    /// Runs the query in a transaction that cannot write.
    pub async fn read<T, F>(&self, query: F) -> Result<T>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync,
    {
        lease(&self.pool, self.silence).await?.read(&query).await
    }

    /// Gives no more connections away and waits for those that are in use.
    pub async fn close(&self) {
        self.writers.close().await;
        self.pool.close();
        while self.pool.status().size > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn lease(pool: &Pool, silence: Duration) -> Result<Lease> {
    match pool.get().await {
        Ok(client) => Ok(Lease { client: Some(client), clean: true, silence }),
        Err(PoolError::Backend(error)) => Err(unreachable(&error)),
        Err(PoolError::Timeout(_)) => {
            metrics::counter!("waybill_store_busy_total").increment(1);
            Err(Error::Unavailable("the store is busy: every connection is in use, try again".to_owned()))
        }
        Err(PoolError::Closed) => Err(closed()),
        Err(error) => Err(Error::Unavailable(format!("no connection to the database: {error}"))),
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

/// Refuses a database that does not sort text by its bytes: pages would skip and repeat rows.
async fn require_bytewise_text(client: &tokio_postgres::Client) -> Result<()> {
    // The provider's column is missing before version 15, hence the detour by JSON.
    let row = client
        .query_one(
            "select datcollate::text, coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
                    pg_encoding_to_char(encoding)::text
             from pg_database d where datname = current_database()",
            &[],
        )
        .await
        .map_err(|error| refused(&error))?;
    let (locale, provider, encoding): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let rules = match provider.as_str() {
        "b" => None,
        "c" if ["C", "POSIX", "C.UTF-8", "C.UTF8", "C.utf8"].contains(&locale.as_str()) => None,
        "c" => Some(format!("the rules of {locale}")),
        _ => Some("the rules of ICU".to_owned()),
    };
    if rules.is_none() && encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "the PostgreSQL database keeps text in {encoding} and sorts it by {}, but Waybill needs UTF8 sorted by its \
         bytes: make one with create database waybill template template0 encoding 'UTF8' locale 'C.UTF-8'",
        rules.as_deref().unwrap_or("its bytes")
    )))
}

/// A connection of the pool. One whose transaction has not ended is not given back but closed.
struct Lease {
    client: Option<Object>,
    clean: bool,
    silence: Duration,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.clean
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

/// How one call of a command ended.
enum Called<T> {
    Done(Result<T>),
    /// It met another; nothing of it is stored.
    Met(Error),
}

impl Lease {
    async fn write<T>(&mut self, command: &impl AsyncFn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut retry = 0;
        metrics::counter!("waybill_store_commands_total").increment(1);
        loop {
            let began = Instant::now();
            let called = self.call(command, false).await;
            metrics::histogram!("waybill_store_write_seconds").record(began.elapsed());
            match called {
                Called::Done(outcome) => return outcome,
                Called::Met(error) if retry == RETRIES => return Err(error),
                Called::Met(_) => tokio::time::sleep(pause(retry)).await,
            }
            metrics::counter!("waybill_store_conflicts_total").increment(1);
            retry += 1;
        }
    }

    async fn read<T>(&mut self, query: &impl AsyncFn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        match self.call(query, true).await {
            Called::Done(outcome) => outcome,
            Called::Met(error) => Err(error),
        }
    }

    /// Calls the command once, in a transaction of its own.
    async fn call<T>(&mut self, command: &impl AsyncFn(&mut Tx<'_>) -> Result<T>, read_only: bool) -> Called<T> {
        let Some(client) = &self.client else {
            return Called::Done(Err(Error::internal("a lease without its connection")));
        };
        self.clean = false;
        let session =
            Session { client, read_only, silence: self.silence, begun: false, failure: None, later: Vec::new() };
        let mut tx = Tx::Postgres(session);
        let outcome = AssertUnwindSafe(async { command(&mut tx).await }).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&*panic)));
        let (begun, failure, last) = match tx {
            Tx::Postgres(mut session) => {
                let last = if outcome.is_ok() { session.last().await } else { Vec::new() };
                (session.begun, session.failure, last)
            }
            Tx::Sqlite(_) => (false, None, Vec::new()),
        };

        if matches!(failure, Some(Failure::Silent)) {
            // Nothing would answer a rollback either: the connection is closed, and the server ends the transaction.
            return Called::Done(Err(silent()));
        }
        let end = if outcome.is_ok() && failure.is_none() { "commit" } else { "rollback" };
        let ended = if !begun {
            Ok(())
        } else if read_only {
            // Sent, not awaited: nothing depends on it, and the next user of the connection comes behind it.
            client.batch_execute(end).now_or_never().unwrap_or(Ok(()))
        } else {
            #[cfg(feature = "testing")]
            crate::testing::count_exchange();
            // What was put off goes out with the commit. If it fails, the server makes the commit a rollback.
            let send = async {
                let (sent, ended) = join(send_all(client, &last), client.batch_execute(end)).await;
                ended.and(sent)
            };
            match tokio::time::timeout(self.silence, send).await {
                Ok(ended) => ended,
                Err(_) => return Called::Done(Err(silent())),
            }
        };
        self.clean = ended.is_ok();
        match (failure, outcome, ended) {
            (Some(Failure::Met(error)), ..) => Called::Met(error),
            (_, Err(error), _) | (Some(Failure::Late(error)), Ok(_), _) => Called::Done(Err(error)),
            (Some(Failure::Broke | Failure::Silent), Ok(_), _) => Called::Done(Err(went_on())),
            (None, Ok(value), Ok(())) => Called::Done(Ok(value)),
            (None, Ok(_), Err(error)) if has_met(&error) => {
                // A commit that fails so has rolled back.
                self.clean = true;
                Called::Met(refused(&error))
            }
            (None, Ok(_), Err(error)) => {
                // What was put off was refused and the server has rolled back; after anything else the connection goes.
                self.clean = error.as_db_error().is_some();
                Called::Done(Err(refused(&error)))
            }
        }
    }
}

/// How long to wait before the command is called again: longer each time, and not in step with the others.
fn pause(retry: u32) -> Duration {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    thread_local!(static JITTER: RandomState = RandomState::new());
    let ceiling = 2_000_u64 << retry.min(6);
    let jitter = JITTER.with(|jitter| jitter.hash_one(CALLS.fetch_add(1, Ordering::Relaxed)));
    Duration::from_micros(ceiling / 4 + jitter % ceiling)
}

/// What went wrong in a transaction.
#[derive(Debug)]
enum Failure {
    /// It met another one.
    Met(Error),
    /// No answer came; the command was told.
    Silent,
    /// Something else; the command was told.
    Broke,
    /// Something else with what was put off to the end, so that the command does not know.
    Late(Error),
}

/// A command's view of the connection.
#[derive(Debug)]
pub struct Session<'a> {
    client: &'a Object,
    read_only: bool,
    silence: Duration,
    begun: bool,
    failure: Option<Failure>,
    /// Statements whose outcome nobody needs yet: they go out with what follows.
    later: Vec<Later>,
}

/// A statement whose outcome nobody needs yet.
#[derive(Debug)]
struct Later {
    sql: String,
    parameters: Parameters,
}

/// What goes into a statement.
#[derive(Debug)]
enum Parameters {
    /// One value a place.
    Values(Vec<Value>),
    /// One column a place: these columns of the rows.
    Columns(Vec<Vec<Value>>, Vec<usize>),
}

impl Parameters {
    async fn execute(&self, client: &Object, statement: &Statement) -> Result<u64, tokio_postgres::Error> {
        match self {
            Self::Values(values) => client.execute(statement, &borrowed(values)).await,
            Self::Columns(rows, held) => {
                let columns: Vec<_> = held.iter().map(|&position| Column { rows, position }).collect();
                let params: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
                client.execute(statement, &params).await
            }
        }
    }
}

impl Session<'_> {
    /// Puts a statement off until the next one, or the commit, is sent.
    pub(crate) fn execute_later(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<()> {
        if self.failure.is_some() {
            return Err(went_on());
        }
        #[cfg(feature = "testing")]
        crate::testing::count_statement();
        let one = |params: &Vec<Value>| Later { sql: sql.to_owned(), parameters: Parameters::Values(params.clone()) };
        self.later.extend(sets.iter().map(one));
        Ok(())
    }

    /// Puts a statement off whose parameters are arrays: the `held` columns of the rows.
    pub(crate) fn columns_later(&mut self, sql: String, rows: &[Vec<Value>], held: Vec<usize>) -> Result<()> {
        if self.failure.is_some() {
            return Err(went_on());
        }
        #[cfg(feature = "testing")]
        crate::testing::count_statement();
        self.later.push(Later { sql, parameters: Parameters::Columns(rows.to_vec(), held) });
        Ok(())
    }

    /// What was put off, ready to be sent with the commit; in a transaction of nothing else it is sent now. What goes
    /// wrong is the session's failure.
    async fn last(&mut self) -> Vec<(Statement, Parameters)> {
        if self.later.is_empty() || self.failure.is_some() {
            return Vec::new();
        }
        if !self.begun {
            let sent = self.with(async { Ok(()) }).await;
            self.was_late(sent.err());
            return Vec::new();
        }
        let later = std::mem::take(&mut self.later);
        match prepared(self.client, later).await {
            Ok(ready) => ready,
            Err(error) => {
                let told = self.fail(&error);
                self.was_late(Some(told));
                Vec::new()
            }
        }
    }

    /// Remembers an error that the command was not told of.
    fn was_late(&mut self, error: Option<Error>) {
        if let (Some(Failure::Broke), Some(error)) = (&self.failure, error) {
            self.failure = Some(Failure::Late(error));
        }
    }

    /// Keeps why the transaction cannot go on, and says it.
    fn fail(&mut self, error: &tokio_postgres::Error) -> Error {
        let told = refused(error);
        self.failure = Some(if has_met(error) { Failure::Met(told.clone()) } else { Failure::Broke });
        told
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let client = self.client;
        self.with(async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, &borrowed(params)).await
        })
        .await
    }

    pub(crate) async fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let client = self.client;
        self.with(async {
            let statement = client.prepare_cached(sql).await?;
            query(client, &statement, params).await
        })
        .await
    }

    /// The same, without keeping the statement.
    pub(crate) async fn rows_once(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let client = self.client;
        self.with(async {
            let statement = client.prepare(sql).await?;
            query(client, &statement, params).await
        })
        .await
    }

    /// Runs a statement whose parameters are arrays: the `held` columns of the rows.
    pub(crate) async fn columns(&mut self, sql: &str, rows: &[Vec<Value>], held: &[usize]) -> Result<Vec<Row>> {
        let client = self.client;
        let columns: Vec<_> = held.iter().map(|&position| Column { rows, position }).collect();
        let params: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        self.with(async {
            let statement = client.prepare_cached(sql).await?;
            answered(&client.query(&statement, &params).await?)
        })
        .await
    }

    pub(crate) async fn execute_each(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<u64>> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.client;
        self.with(async {
            let statement = client.prepare_cached(sql).await?;
            pipelined(sets, |params| {
                let statement = &statement;
                async move { client.execute(statement, &borrowed(params)).await }
            })
            .await
        })
        .await
    }

    pub(crate) async fn rows_of_each<const N: usize>(&mut self, asks: [(&str, &[Value]); N]) -> Result<[Vec<Row>; N]> {
        let client = self.client;
        self.with(async {
            let mut ready = Vec::with_capacity(N);
            for (sql, params) in asks {
                ready.push((client.prepare_cached(sql).await?, params));
            }
            let mut answers = [const { Vec::new() }; N];
            let answered = join_all(ready.iter().map(|(statement, params)| query(client, statement, params))).await;
            for (answer, rows) in answers.iter_mut().zip(answered) {
                *answer = rows?;
            }
            Ok(answers)
        })
        .await
    }

    pub(crate) async fn rows_many(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>> {
        let client = self.client;
        self.with(async {
            let statement = client.prepare_cached(sql).await?;
            pipelined(sets, |params| query(client, &statement, params)).await
        })
        .await
    }

    /// Does `work` in the transaction, which begins with the first statement.
    async fn with<T>(&mut self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        if self.failure.is_some() {
            return Err(went_on());
        }
        #[cfg(feature = "testing")]
        crate::testing::count_statement();
        let begin = if self.read_only { BEGIN_READ } else { BEGIN_WRITE };
        let (client, is_first) = (self.client, !self.begun);
        let later = std::mem::take(&mut self.later);
        let is_alone = later.is_empty();
        let work = async {
            if is_alone {
                return work.await;
            }
            let ready = prepared(client, later).await?;
            let (sent, outcome) = join(send_all(client, &ready), work).await;
            sent.and(outcome)
        };
        let answered = async {
            if !is_first {
                return work.await;
            }
            // The statement does not wait until the transaction has begun: if that fails, it cannot write, and its rows
            // are thrown away.
            let (begun, outcome) = join(client.batch_execute(begin), work).await;
            begun.and(outcome)
        };
        self.begun = true;
        #[cfg(feature = "testing")]
        crate::testing::count_exchange();
        let Ok(outcome) = tokio::time::timeout(self.silence, answered).await else {
            self.failure = Some(Failure::Silent);
            return Err(silent());
        };
        outcome.map_err(|error| self.fail(&error))
    }
}

/// Statements with their parameters, ready to be sent. One that is new to the connection is asked for first.
async fn prepared(client: &Object, later: Vec<Later>) -> Result<Vec<(Statement, Parameters)>, tokio_postgres::Error> {
    let mut ready = Vec::with_capacity(later.len());
    for Later { sql, parameters } in later {
        ready.push((client.prepare_cached(&sql).await?, parameters));
    }
    Ok(ready)
}

/// Sends statements, all before the first answer, in order.
async fn send_all(client: &Object, ready: &[(Statement, Parameters)]) -> Result<(), tokio_postgres::Error> {
    let under_way = ready.iter().map(async |(statement, parameters)| parameters.execute(client, statement).await);
    // Each is polled in turn, and the first poll sends.
    join_all(under_way).await.into_iter().try_for_each(|outcome| outcome.map(drop))
}

/// Sends a statement for each set of parameters before it waits for the first answer. Answers keep the order.
async fn pipelined<'p, T, F>(
    sets: &'p [Vec<Value>],
    send: impl Fn(&'p [Value]) -> F,
) -> Result<Vec<T>, tokio_postgres::Error>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    let mut answers = Vec::with_capacity(sets.len());
    for sets in sets.chunks(PIPELINE) {
        let mut under_way = Vec::with_capacity(sets.len());
        for params in sets {
            // The first poll sends, so the statements leave in order.
            let mut answer = Box::pin(send(params)).fuse();
            under_way.push(match futures::poll!(&mut answer) {
                std::task::Poll::Ready(answer) => futures::future::Either::Left(std::future::ready(answer)),
                std::task::Poll::Pending => futures::future::Either::Right(answer),
            });
        }
        for answer in under_way {
            answers.push(answer.await?);
        }
    }
    Ok(answers)
}

async fn query(client: &Object, statement: &Statement, params: &[Value]) -> Result<Vec<Row>, tokio_postgres::Error> {
    answered(&client.query(statement, &borrowed(params)).await?)
}

fn answered(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, tokio_postgres::Error> {
    rows.iter().map(|row| (0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>().map(Row)).collect()
}

fn borrowed(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// One column of many rows, as an array.
#[derive(Debug)]
struct Column<'a> {
    rows: &'a [Vec<Value>],
    position: usize,
}

impl<'a> Column<'a> {
    /// Every value as `take` sees it.
    fn all<T>(&self, take: impl Fn(&'a Value) -> Option<T>) -> Result<Vec<Option<T>>, String> {
        let one = |row: &'a Vec<Value>| match &row[self.position] {
            Value::Null => Ok(None),
            value => take(value).map(Some).ok_or_else(|| format!("{} in a column of something else", value.kind())),
        };
        self.rows.iter().map(one).collect()
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *ty {
            Type::INT8_ARRAY => {
                self.all(|value| if let Value::Int(n) = value { Some(*n) } else { None })?.to_sql(ty, out)
            }
            Type::TEXT_ARRAY => self
                .all(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })?
                .to_sql(ty, out),
            Type::BYTEA_ARRAY => self
                .all(|value| if let Value::Bytes(bytes) = value { Some(bytes.as_slice()) } else { None })?
                .to_sql(ty, out),
            _ => Err(format!("a column for a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Looks at the parameter's type before it writes: bytes of another form would break the connection.
impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT || *ty == Type::VARCHAR => text.to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            other => Err(format!("{} for a parameter of type {ty}: cast it", other.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        match *ty {
            Type::INT8 => i64::from_sql(ty, raw).map(Self::Int),
            Type::INT4 => i32::from_sql(ty, raw).map(Self::from),
            Type::BYTEA => Vec::from_sql(ty, raw).map(Self::Bytes),
            _ => String::from_sql(ty, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::TEXT, Type::VARCHAR, Type::BYTEA].contains(ty)
    }
}

/// Whether the transaction met another one and may be tried again.
fn has_met(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
}

/// The error's text and that of its cause, which it leaves out.
fn with_cause(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Why there is no connection.
fn unreachable(error: &tokio_postgres::Error) -> Error {
    let why = match error.as_db_error() {
        Some(told) => told.message().to_owned(),
        None => with_cause(error),
    };
    Error::Unavailable(format!("no connection to the database: {why}"))
}

/// The server has said nothing for too long.
fn silent() -> Error {
    Error::Unavailable("the database says nothing".to_owned())
}

/// What an error of PostgreSQL means to us.
pub(crate) fn refused(error: &tokio_postgres::Error) -> Error {
    let Some(told) = error.as_db_error() else {
        let lost =
            error.is_closed() || error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some();
        return if lost {
            Error::Unavailable("the connection to the database was lost".to_owned())
        } else {
            Error::Internal(with_cause(error))
        };
    };
    let code = told.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return Error::Conflict(told.constraint().unwrap_or_else(|| told.message()).to_owned());
    }
    if has_met(error) {
        return Error::Unavailable("too many changes of the same thing at once, try again".to_owned());
    }
    // 08 connection, 53 resources (disk full, too many connections), 58 I/O, 57 stopped by an operator or too slow.
    let class = code.code().get(..2).unwrap_or_default();
    if ["08", "53", "57", "58"].contains(&class) || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT {
        return Error::Unavailable(format!("the database does not work: {}", told.message()));
    }
    Error::Internal(format!("{} ({})", told.message(), code.code()))
}
