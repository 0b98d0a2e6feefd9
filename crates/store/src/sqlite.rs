//! SQLite: one writer thread that commits commands in groups, and a pool of read-only connections.
//!
//! The writer takes waiting commands, runs each in a savepoint of its own and commits the group once. Nobody is
//! answered before that commit, not even a command that failed: it may have failed over what a neighbour wrote.

mod checkpoints;

use std::collections::HashMap;
use std::ffi::c_int;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{Error, Result};
use futures::FutureExt as _;
use rusqlite::config::DbConfig;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ErrorCode, ToSql};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::tx::{Row, Tx, Value};
use crate::{migrate, panicked, went_on};

/// Commands that may wait for the writer; one more is told that the store is busy.
pub(crate) const QUEUE: usize = 4096;
/// Commands in one group at most.
const GROUP: usize = 256;
/// How long a group may stay open for further commands.
const GROUP_TIME: Duration = Duration::from_millis(10);
/// How long to wait for another process that uses the file.
const BUSY_TIME: Duration = Duration::from_secs(5);
/// Lists and reports that run at once, each on a thread and a connection of its own.
const LISTS: usize = 8;
/// Read connections that are kept while nobody uses them.
const IDLE_READERS: usize = 16;
/// Pages that the writer and each reader keep, in KiB. All together keep 64 MiB at most, however many read at once; what
/// else is read often lies in the file cache of the operating system.
const WRITER_CACHE: i64 = 32 * 1024;
const READER_CACHE: i64 = 2 * 1024;

/// The SQLite engine of one database file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    /// Where commands go; gone once the store is closed.
    queue: Mutex<Option<SyncSender<Box<dyn Command>>>>,
    /// Turns true when the writer has ended.
    ended: watch::Receiver<bool>,
    readers: Arc<Readers>,
    lists: Semaphore,
}

impl Sqlite {
    /// Opens the file, which is made if missing, brings it to the newest schema and starts the writer.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| Error::Unavailable(format!("cannot make the folder {}: {error}", folder.display())))?;
        }
        let mut writer = Connection::open(path, false)
            .map_err(|error| Error::Unavailable(format!("cannot open the database {}: {error}", path.display())))?;
        migrate::sqlite(&mut writer.sqlite)?;
        checkpoints::watch(&mut writer, path)?;
        let readers = Arc::new(Readers { path: path.to_owned(), idle: Mutex::default() });
        readers.give(readers.take()?);

        let (queue, waiting) = sync_channel(QUEUE);
        let (end, ended) = watch::channel(false);
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                writer.serve(&waiting);
                writer.close();
                end.send_replace(true);
            })
            .map_err(|error| Error::Unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { queue: Mutex::new(Some(queue)), ended, readers, lists: Semaphore::new(LISTS) })
    }

    /// Hands the command to the writer and waits for its group's commit. The command runs even if nobody waits.
    pub async fn write<T, F>(&self, command: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Waiting { command, value: None, reply });
        match self.queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => return Err(closed()),
            Some(queue) => queue.try_send(command).map_err(|error| match error {
                TrySendError::Full(_) => {
                    metrics::counter!("waybill_store_busy_total").increment(1);
                    Error::Unavailable("the store is busy: too many changes are waiting, try again".to_owned())
                }
                TrySendError::Disconnected(_) => closed(),
            })?,
        }
        answer.await.unwrap_or_else(|_| Err(Error::internal("the writer ended without an answer")))
    }

    /// Runs the query at once, on the caller's thread.
    pub fn read<T>(&self, query: impl AsyncFn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.readers.read(&query)
    }

    /// Runs the query on a thread for blocking work.
    pub async fn read_list<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let _turn = self.lists.acquire().await.map_err(Error::internal)?;
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.read(&query)).await.map_err(Error::internal)?
    }

    /// Takes no further command and waits until those that wait are stored and answered.
    pub async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut ended = self.ended.clone();
        // An error means that the writer is gone, which is what we wait for.
        let _ = ended.wait_for(|ended| *ended).await;
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

/// A command in the writer's queue.
trait Command: Send {
    /// Runs in the open savepoint; the value is kept for the answer.
    fn run(&mut self, session: Session<'_>) -> Result<()>;
    /// Answers, after the commit: the value kept, or why there is none.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

struct Waiting<T, F> {
    command: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Command for Waiting<T, F>
where
    T: Send,
    F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, session: Session<'_>) -> Result<()> {
        self.value = Some(drive(&self.command, session)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let Self { value, reply, .. } = *self;
        let answer = outcome.and_then(|()| value.ok_or_else(|| Error::internal("a command without a value")));
        // The caller may be gone; its command is stored all the same.
        let _ = reply.send(answer);
    }
}

/// Runs a command or query to its end; every future it meets is ready at once.
fn drive<T>(command: &impl AsyncFn(&mut Tx<'_>) -> Result<T>, session: Session<'_>) -> Result<T> {
    let mut tx = Tx::Sqlite(session);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| command(&mut tx).now_or_never()));
    let value = match outcome {
        Err(panic) => return Err(panicked(&*panic)),
        Ok(None) => return Err(Error::internal("a command waited for something other than its transaction")),
        Ok(Some(outcome)) => outcome?,
    };
    let Tx::Sqlite(session) = tx else { return Err(Error::internal("a command changed its engine")) };
    if session.failed {
        return Err(went_on());
    }
    for (kind, count) in session.numbered {
        metrics::counter!("waybill_events_total", "kind" => kind).increment(count);
    }
    Ok(value)
}

/// One connection, and the texts of its statements as SQLite wants them.
struct Connection {
    sqlite: rusqlite::Connection,
    texts: HashMap<String, Arc<str>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sqlite.fmt(f)
    }
}

impl Connection {
    /// Opens the file. SQLite does not wait when two make the log at the same time, so we do.
    fn open(path: &Path, query_only: bool) -> rusqlite::Result<Self> {
        let began = Instant::now();
        loop {
            match Self::open_once(path, query_only) {
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && began.elapsed() < BUSY_TIME =>
                {
                    std::thread::sleep(Duration::from_millis(2));
                }
                outcome => return outcome,
            }
        }
    }

    fn open_once(path: &Path, query_only: bool) -> rusqlite::Result<Self> {
        let sqlite = rusqlite::Connection::open(path)?;
        sqlite.busy_timeout(BUSY_TIME)?;
        sqlite.pragma_update(None, "journal_mode", "wal")?;
        sqlite.pragma_update(None, "synchronous", "full")?;
        sqlite.pragma_update(None, "foreign_keys", true)?;
        sqlite.pragma_update(None, "temp_store", "memory")?;
        sqlite.pragma_update(None, "cache_size", if query_only { -READER_CACHE } else { -WRITER_CACHE })?;
        sqlite.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        sqlite.pragma_update(None, "query_only", query_only)?;
        // Otherwise a statement is compiled anew whenever other values are bound to it.
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Otherwise a misspelt "column" in double quotes is a text.
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        sqlite.set_prepared_statement_cache_capacity(512);
        Ok(Self { sqlite, texts: HashMap::new() })
    }

    /// Runs a statement of our own, such as `begin`.
    fn run(&self, sql: &str) -> Result<()> {
        self.sqlite.prepare_cached(sql).and_then(|mut statement| statement.raw_execute()).map_err(refused)?;
        Ok(())
    }

    /// The statement for a text with `$n`.
    fn prepare(&mut self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        if !self.texts.contains_key(sql) {
            // Filters make texts of their own; the map must not grow with them.
            if self.texts.len() >= 1024 {
                self.texts.clear();
            }
            self.texts.insert(sql.to_owned(), rewrite_placeholders(sql).into());
        }
        self.sqlite.prepare_cached(&self.texts[sql])
    }

    /// The writer's life: groups of commands until nobody can send one and all are answered.
    fn serve(&mut self, waiting: &Receiver<Box<dyn Command>>) {
        while let Ok(first) = waiting.recv() {
            self.group(first, waiting);
        }
    }

    /// Runs `first` and what waits behind it in one transaction, then answers them all.
    fn group(&mut self, first: Box<dyn Command>, waiting: &Receiver<Box<dyn Command>>) {
        if let Err(error) = self.run("begin immediate") {
            return first.answer(Err(error));
        }
        let opened = Instant::now();
        let mut group = Vec::new();
        let mut next = Some(first);
        let mut broken = None;
        while let Some(mut command) = next.take() {
            let outcome = if group.is_empty() { self.first(&mut *command) } else { self.one(&mut *command) };
            group.push((command, outcome.as_ref().map_or_else(|broken| Err(broken.clone()), Clone::clone)));
            if let Err(error) = outcome {
                broken = Some(error);
                break;
            }
            if group.len() < GROUP && opened.elapsed() < GROUP_TIME {
                next = waiting.try_recv().ok();
            }
        }
        let stored = match broken {
            Some(error) => Err(error),
            None => self.run("commit"),
        };
        if stored.is_err() && !self.sqlite.is_autocommit() {
            // An error here means that SQLite has already rolled back.
            let _ = self.run("rollback");
        }
        metrics::histogram!("waybill_store_write_seconds").record(opened.elapsed());
        metrics::counter!("waybill_store_commands_total").increment(group.len() as u64);
        for (command, outcome) in group {
            command.answer(stored.clone().and(outcome));
        }
    }

    /// Runs the first command of a group, which needs no savepoint: when it fails, the transaction has nothing else in it
    /// and begins anew. The outer error is the group's.
    fn first(&mut self, command: &mut dyn Command) -> Result<Result<()>> {
        let outcome = command.run(Session::of(self));
        if self.sqlite.is_autocommit() {
            return Err(lost(outcome));
        }
        if outcome.is_err() {
            self.run("rollback")?;
            self.run("begin immediate")?;
        }
        Ok(outcome)
    }

    /// Runs one command in its savepoint. The outer error is the group's: its transaction is lost.
    fn one(&mut self, command: &mut dyn Command) -> Result<Result<()>> {
        self.run("savepoint command")?;
        let outcome = command.run(Session::of(self));
        // Disk full, an I/O error and lack of memory end the whole transaction.
        if self.sqlite.is_autocommit() {
            return Err(lost(outcome));
        }
        if outcome.is_err() {
            self.run("rollback to command")?;
        }
        self.run("release command")?;
        Ok(outcome)
    }

    /// The last act: folds the log into the file.
    fn close(mut self) {
        // From here on nobody else folds.
        let unwatched = self.sqlite.wal_hook(None::<fn(&mut Wal, c_int) -> rusqlite::Result<()>>);
        let checkpoint =
            unwatched.and_then(|()| self.sqlite.execute_batch("pragma optimize; pragma wal_checkpoint(truncate);"));
        if let Err(error) = checkpoint {
            tracing::warn!(%error, "the database was not checkpointed on closing: {error}");
        }
    }
}

/// Why a group's transaction ended under its command.
fn lost(outcome: Result<()>) -> Error {
    match outcome {
        Err(error @ Error::Unavailable(_)) => error,
        _ => Error::Unavailable("the database ended the transaction, nothing was stored".to_owned()),
    }
}

/// The read-only connections.
#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.path, true).map_err(refused),
        }
    }

    fn give(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
    }

    /// Runs the query on one state of the database.
    fn read<T>(&self, query: &impl AsyncFn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.take()?;
        connection.run("begin")?;
        let outcome = drive(query, Session::of(&mut connection));
        if connection.run("commit").is_ok() {
            self.give(connection);
        }
        outcome
    }
}

/// A command's view of the connection.
pub struct Session<'a> {
    connection: &'a mut Connection,
    /// How many events of each kind have got their feed position here.
    pub(crate) numbered: Vec<(&'static str, u64)>,
    /// A statement has failed, so nothing else may be done.
    failed: bool,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl<'a> Session<'a> {
    fn of(connection: &'a mut Connection) -> Self {
        Self { connection, numbered: Vec::new(), failed: false }
    }
}

impl Session<'_> {
    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.with(sql, |statement| execute(statement, params))
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.with(sql, |statement| rows(statement, params))
    }

    pub(crate) fn execute_each(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<u64>> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        self.with(sql, |statement| sets.iter().map(|params| execute(statement, params)).collect())
    }

    pub(crate) fn rows_many(&mut self, sql: &str, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>> {
        self.with(sql, |statement| sets.iter().map(|params| rows(statement, params)).collect())
    }

    fn with<T>(&mut self, sql: &str, run: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T>) -> Result<T> {
        if self.failed {
            return Err(went_on());
        }
        #[cfg(feature = "testing")]
        crate::testing::count_statement();
        let outcome = self.connection.prepare(sql).and_then(|mut statement| run(&mut statement));
        self.failed = outcome.is_err();
        outcome.map_err(refused)
    }
}

fn execute(statement: &mut CachedStatement<'_>, params: &[Value]) -> rusqlite::Result<u64> {
    if statement.column_count() == 0 {
        return Ok(statement.execute(rusqlite::params_from_iter(params))? as u64);
    }
    // `returning`, whose rows nobody wants: each is one change.
    let mut count = 0;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn rows(statement: &mut CachedStatement<'_>, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let width = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        let values = (0..width).map(|i| match row.get_ref(i)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Int(number)),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Value::Text(text.to_owned())),
                Err(error) => Err(rusqlite::Error::Utf8Error(i, error)),
            },
            ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
            // Nothing portable is a float: this is an integer that grew too large, or an average.
            other @ ValueRef::Real(_) => {
                Err(rusqlite::Error::InvalidColumnType(i, "a column".to_owned(), other.data_type()))
            }
        });
        found.push(Row(values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(found)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What an error of SQLite means to us.
pub(crate) fn refused(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return Error::Internal(error.to_string());
    };
    match (failure.code, failure.extended_code) {
        (_, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID) => {
            Error::Conflict(message.clone().unwrap_or_else(|| error.to_string()))
        }
        (ErrorCode::DiskFull, _) => Error::Unavailable("the disk is full, nothing was stored".to_owned()),
        (
            ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::ReadOnly
            | ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt,
            _,
        ) => Error::Unavailable(format!("the database does not work: {error}")),
        _ => Error::Internal(error.to_string()),
    }
}

/// Turns `$1` into `?1`. SQLite takes `$1` for a name and numbers names by their first appearance.
///
/// What stands in a literal, a quoted name or a comment stays as it is.
pub(crate) fn rewrite_placeholders(sql: &str) -> String {
    let mut rewritten = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut before = ' ';
    while let Some(character) = rest.chars().next() {
        let taken = match character {
            '\'' | '"' => quoted(rest, character),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                rest.get(2..).and_then(|text| text.find("*/")).map_or(rest.len(), |end| end + 4)
            }
            '$' if !is_name(before) && rest[1..].starts_with(|digit: char| digit.is_ascii_digit()) => {
                rewritten.push('?');
                before = '?';
                rest = &rest[1..];
                continue;
            }
            _ => character.len_utf8(),
        };
        let (text, after) = rest.split_at(taken);
        rewritten.push_str(text);
        before = text.chars().next_back().unwrap_or(' ');
        rest = after;
    }
    rewritten
}

/// The length of the literal or quoted name that `text` begins with. A doubled quote ends one and begins the next.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::rewrite_placeholders;

    #[test]
    fn placeholders_are_rewritten_where_they_are_placeholders() {
        for (sql, expected) in [
            ("select $2, $1", "select ?2, ?1"),
            ("select $12||$1", "select ?12||?1"),
            ("select '$1', $1", "select '$1', ?1"),
            ("select 'it''s $1' || $1", "select 'it''s $1' || ?1"),
            (r#"select "$1" from t where a=$1"#, r#"select "$1" from t where a=?1"#),
            ("select $1 -- not $2\n, $3", "select ?1 -- not $2\n, ?3"),
            ("select $1 /* not $2, '*/, $3", "select ?1 /* not $2, '*/, ?3"),
            ("select a$1, price-$1, $x, $", "select a$1, price-?1, $x, $"),
            ("select 'ø$1ø', ø$1, '$1", "select 'ø$1ø', ø$1, '$1"),
        ] {
            assert_eq!(rewrite_placeholders(sql), expected);
        }
    }

    /// A piece of SQL and what it becomes.
    fn piece() -> impl Strategy<Value = (String, String)> {
        let same = |text: String| (text.clone(), text);
        prop_oneof![
            (1_u32..100).prop_map(|n| (format!("${n}"), format!("?{n}"))),
            "'([^']|''){0,8}'".prop_map(same),
            "\"[^\"]{0,8}\"".prop_map(same),
            "--[^\n]{0,8}\n".prop_map(same),
            "/\\*[^*]{0,8}\\*/".prop_map(same),
            "[a-z_ø]{1,5}[$][0-9]".prop_map(same),
            "[a-z0-9(),=<>+*|]{0,8}".prop_map(same),
        ]
    }

    proptest! {
        #[test]
        fn rewriting_touches_placeholders_only(pieces in prop::collection::vec(piece(), 0..12)) {
            let (sql, expected): (Vec<_>, Vec<_>) = pieces.into_iter().unzip();
            prop_assert_eq!(rewrite_placeholders(&sql.join(" ")), expected.join(" "));
        }

        #[test]
        fn rewriting_any_text_changes_dollar_signs_only(sql in "[$0-9'\"/*\\- \nøa]{0,40}") {
            let rewritten = rewrite_placeholders(&sql);
            prop_assert_eq!(rewritten.len(), sql.len());
            for (old, new) in sql.chars().zip(rewritten.chars()) {
                prop_assert!(old == new || (old == '$' && new == '?'));
            }
        }
    }
}
