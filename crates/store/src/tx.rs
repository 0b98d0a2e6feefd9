//! A transaction: what a command reads and changes through, the same on both engines.
//!
//! The SQL text is the same too: lower case, the portable subset, placeholders `$1..$n`. Every statement is prepared
//! once a connection and kept. A statement that fails ends its command: whatever is asked afterwards fails as well,
//! and nothing of the command is stored, on either engine.

use domain::ids::{
    BatchId, CustomerId, DeliveryId, DocumentId, EndpointId, EventId, LogId, NoticeId, OrderId, ParcelId, ShipmentId,
    TrackingEventId,
};
use domain::{Error, Result, Timestamp};

use crate::{postgres, sqlite};

/// A value that goes into a statement or comes out of one. Nothing else is portable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL null; fits every column.
    Null,
    /// A `bigint`: numbers, ids, flags (0 and 1), times in microseconds since 1970.
    Int(i64),
    /// A `text`.
    Text(String),
    /// A `bytea`.
    Bytes(Vec<u8>),
}

impl Value {
    /// The word for error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "an integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// For ids and counts, which stay below 2^53; what is above the range of `bigint` becomes its end.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// For lengths and limits.
impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// Microseconds since 1970.
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(domain::time::to_micros(at))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! ids {
    ($($id:ident),* $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::from(id.number())
            }
        }
    )*};
}

ids!(
    BatchId,
    CustomerId,
    OrderId,
    ShipmentId,
    ParcelId,
    DocumentId,
    TrackingEventId,
    EventId,
    EndpointId,
    DeliveryId,
    LogId,
    NoticeId,
);

/// The parameters of a statement, `$1` first: `params![tenant, order.id, "open"]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        [$($crate::Value::from($value)),*]
    };
}

/// A row of an answer. Columns are asked for by position, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    fn value(&self, i: usize) -> Result<&Value> {
        self.0.get(i).ok_or_else(|| Error::internal(format!("column {i} of a row of {}", self.0.len())))
    }

    /// Whatever is in column `i`.
    pub(crate) fn value_at(&self, i: usize) -> Result<Value> {
        self.value(i).cloned()
    }

    /// The integer in column `i`.
    pub fn int(&self, i: usize) -> Result<i64> {
        self.opt_int(i)?.ok_or_else(|| is_null(i))
    }

    /// The text in column `i`.
    pub fn text(&self, i: usize) -> Result<String> {
        self.str(i).map(str::to_owned)
    }

    /// The text in column `i`, borrowed: for what is parsed at once.
    pub fn str(&self, i: usize) -> Result<&str> {
        self.opt_str(i)?.ok_or_else(|| is_null(i))
    }

    /// The bytes in column `i`.
    pub fn bytes(&self, i: usize) -> Result<Vec<u8>> {
        self.opt_bytes(i)?.ok_or_else(|| is_null(i))
    }

    /// The integer in column `i`, if it is not null.
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>> {
        match self.value(i)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(*number)),
            other => Err(is_not(i, other, "an integer")),
        }
    }

    /// The text in column `i`, if it is not null.
    pub fn opt_text(&self, i: usize) -> Result<Option<String>> {
        Ok(self.opt_str(i)?.map(str::to_owned))
    }

    /// The text in column `i`, borrowed, if it is not null.
    pub fn opt_str(&self, i: usize) -> Result<Option<&str>> {
        match self.value(i)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(is_not(i, other, "text")),
        }
    }

    /// The bytes in column `i`, if it is not null.
    pub fn opt_bytes(&self, i: usize) -> Result<Option<Vec<u8>>> {
        match self.value(i)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.clone())),
            other => Err(is_not(i, other, "bytes")),
        }
    }

    /// The flag in column `i`: not 0.
    pub fn bool(&self, i: usize) -> Result<bool> {
        Ok(self.int(i)? != 0)
    }

    /// The instant in column `i`, kept as microseconds since 1970.
    pub fn time(&self, i: usize) -> Result<Timestamp> {
        self.int(i).map(domain::time::from_micros)
    }

    /// The instant in column `i`, if it is not null.
    pub fn opt_time(&self, i: usize) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(i)?.map(domain::time::from_micros))
    }
}

fn is_null(i: usize) -> Error {
    Error::internal(format!("column {i} is null"))
}

fn is_not(i: usize, value: &Value, expected: &str) -> Error {
    Error::internal(format!("column {i} is {}, not {expected}", value.kind()))
}

/// One transaction on one of the engines. A command waits for nothing else while it holds one.
#[derive(Debug)]
pub enum Tx<'a> {
    /// On SQLite.
    Sqlite(sqlite::Session<'a>),
    /// On PostgreSQL.
    Postgres(postgres::Session<'a>),
}

impl Tx<'_> {
    /// Runs a statement; answers how many rows it changed.
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        match self {
            Self::Sqlite(session) => session.execute(sql, params),
            Self::Postgres(session) => session.execute(sql, params).await,
        }
    }

    /// Runs a statement; answers all its rows.
    pub async fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(session) => session.rows(sql, params),
            Self::Postgres(session) => session.rows(sql, params).await,
        }
    }

    /// The same for a statement whose text depends on what a client asks: there is no end to such texts, and a connection
    /// of PostgreSQL would keep them all.
    pub async fn rows_once(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(session) => session.rows(sql, params),
            Self::Postgres(session) => session.rows_once(sql, params).await,
        }
    }

    /// Runs a statement; answers its first row.
    pub async fn row(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Runs a statement once for each set of parameters, in order; answers how many rows were changed in all.
    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64> {
        Ok(self.execute_each(sql, rows).await?.into_iter().sum())
    }

    /// Runs a statement once for each set of parameters, in order; answers how many rows each of them changed.
    pub async fn execute_each(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<u64>> {
        match self {
            Self::Sqlite(session) => session.execute_each(sql, rows),
            Self::Postgres(session) => session.execute_each(sql, rows).await,
        }
    }

    /// Runs a statement once for each set of parameters, whose outcome the command does not need: on PostgreSQL it is
    /// sent with the next statement or the commit, and what goes wrong with it is told then.
    pub async fn execute_later(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.execute_each(sql, rows).map(drop),
            Self::Postgres(session) => session.execute_later(sql, rows),
        }
    }

    /// Several statements in one exchange; answers the rows of each.
    pub async fn rows_of_each<const N: usize>(&mut self, asks: [(&str, &[Value]); N]) -> Result<[Vec<Row>; N]> {
        match self {
            Self::Sqlite(session) => {
                let mut answers = [const { Vec::new() }; N];
                for (answer, (sql, params)) in answers.iter_mut().zip(asks) {
                    *answer = session.rows(sql, params)?;
                }
                Ok(answers)
            }
            Self::Postgres(session) => session.rows_of_each(asks).await,
        }
    }

    /// Runs a statement that changes rows once for each set of parameters, in order; answers what each of them returned.
    pub async fn returned_each(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<Vec<Row>>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(session) => session.rows_many(sql, rows),
            Self::Postgres(session) => session.rows_many(sql, rows).await,
        }
    }

    /// Whether this is SQLite, for the rare text that cannot be the same, such as `for update skip locked`.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}
