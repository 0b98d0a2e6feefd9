//! A database without Waybill: floors write through it, tables are filled and read back through it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fmt, fs};

use anyhow::Context as _;
use bytes::BytesMut;
use futures::pin_mut;
use rusqlite::types::ValueRef;
use store::{Config, Store, Value};
use tokio::runtime::Runtime;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{NoTls, SimpleQueryMessage, Statement};

use crate::Bench;

/// On which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A row as it stands in a table.
pub(crate) type Row = Vec<Value>;

/// Rows to write into one table.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) table: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// Where the feed position stands in a row of `events`.
pub(crate) const POSITION: usize = 6;

/// A table's columns and their PostgreSQL types.
pub(crate) type Columns = Vec<(String, Type)>;

/// An open database.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(Runtime, tokio_postgres::Client),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Sqlite(_)) { "Sqlite" } else { "Postgres" })
    }
}

/// A value on its way to PostgreSQL.
#[derive(Debug)]
struct Field<'a>(&'a Value);

impl ToSql for Field<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) => number.to_sql(of, out),
            Value::Text(text) => text.to_sql(of, out),
            Value::Bytes(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Makes a database with the newest schema and no rows, and opens it.
pub(crate) fn fresh(bench: &Bench, engine: Engine) -> anyhow::Result<(Config, Database)> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("bench_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let config = match engine {
        Engine::Sqlite => Config::Sqlite { path: bench.folder.join(name).join("waybill.db") },
        Engine::Postgres => {
            let client = runtime.block_on(connect(&format!("{}/postgres", bench.postgres)))?;
            runtime.block_on(client.batch_execute(&format!("create database {name}")))?;
            Config::Postgres { url: format!("{}/{name}", bench.postgres), pool_size: 2 }
        }
    };
    runtime.block_on(async {
        let store = Store::open(&config).await?;
        store.close().await;
        anyhow::Ok(())
    })?;
    let database = Database::open(&config)?;
    Ok((config, database))
}

/// Removes a database nobody uses any more.
pub(crate) fn remove(bench: &Bench, config: &Config) -> anyhow::Result<()> {
    let folder: PathBuf = crate::server::data_folder(bench, config);
    if let Config::Postgres { url, .. } = config {
        let mut server =
            Database::open(&Config::Postgres { url: format!("{}/postgres", bench.postgres), pool_size: 1 })?;
        server.run(&format!("drop database {} with (force)", url.rsplit('/').next().unwrap_or_default()))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn placeholders(count: usize, mark: char) -> String {
    (1..=count).map(|n| format!("{mark}{n}")).collect::<Vec<_>>().join(", ")
}

impl Database {
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(match config {
            Config::Sqlite { path } => {
                let sqlite = rusqlite::Connection::open(path)?;
                sqlite.busy_timeout(std::time::Duration::from_secs(10))?;
                sqlite.execute_batch(
                    "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
                     pragma temp_store = memory; pragma cache_size = -65536;",
                )?;
                Self::Sqlite(sqlite)
            }
            Config::Postgres { url, .. } => {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
                let client = runtime.block_on(connect(url))?;
                Self::Postgres(runtime, client)
            }
        })
    }

    /// Runs statements without parameters.
    pub(crate) fn run(&mut self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.execute_batch(sql)?,
            Self::Postgres(runtime, client) => runtime.block_on(client.batch_execute(sql))?,
        }
        Ok(())
    }

    /// The first column as text.
    pub(crate) fn texts(&mut self, sql: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut statement = sqlite.prepare(sql)?;
                let texts = statement.query_map([], |row| {
                    Ok(match row.get_ref(0)? {
                        ValueRef::Integer(number) => number.to_string(),
                        other => other.as_str_or_null()?.unwrap_or_default().to_owned(),
                    })
                })?;
                Ok(texts.collect::<Result<_, _>>()?)
            }
            Self::Postgres(runtime, client) => {
                let messages = runtime.block_on(client.simple_query(sql))?;
                let texts = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                });
                Ok(texts.collect())
            }
        }
    }

    pub(crate) fn columns(&mut self, table: &str) -> anyhow::Result<Columns> {
        let sql = match self {
            Self::Sqlite(_) => {
                format!("select name || ' ' || lower(type) from pragma_table_info('{table}') order by cid")
            }
            Self::Postgres(..) => format!(
                "select column_name || ' ' || data_type from information_schema.columns
                 where table_name = '{table}' order by ordinal_position"
            ),
        };
        let texts = self.texts(&sql)?;
        let columns = texts.iter().map(|text| {
            let (name, kind) = text.split_once(' ').context("a column without a type")?;
            let kind = match kind {
                "text" => Type::TEXT,
                "bigint" => Type::INT8,
                _ => Type::BYTEA,
            };
            Ok((name.to_owned(), kind))
        });
        columns.collect()
    }

    /// Rows of a table, all its columns; `rest` says which and in what order.
    pub(crate) fn read(&mut self, table: &'static str, rest: &str) -> anyhow::Result<Rows> {
        let columns = self.columns(table)?;
        let names: Vec<_> = columns.iter().map(|column| column.0.as_str()).collect();
        let sql = format!("select {} from {table} {rest}", names.join(", "));
        let rows = match self {
            Self::Sqlite(sqlite) => {
                let mut statement = sqlite.prepare(&sql)?;
                let rows = statement.query_map([], |row| {
                    (0..columns.len())
                        .map(|i| {
                            Ok(match row.get_ref(i)? {
                                ValueRef::Integer(number) => Value::Int(number),
                                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                                other => other.as_str_or_null()?.map_or(Value::Null, Value::from),
                            })
                        })
                        .collect()
                })?;
                rows.collect::<Result<_, _>>()?
            }
            Self::Postgres(runtime, client) => {
                let rows = runtime.block_on(client.query(&sql, &[]))?;
                let value = |row: &tokio_postgres::Row, i: usize| -> anyhow::Result<Value> {
                    Ok(match columns[i].1 {
                        Type::TEXT => row.try_get::<_, Option<String>>(i)?.into(),
                        Type::INT8 => row.try_get::<_, Option<i64>>(i)?.into(),
                        _ => row.try_get::<_, Option<Vec<u8>>>(i)?.into(),
                    })
                };
                rows.iter().map(|row| (0..columns.len()).map(|i| value(row, i)).collect()).collect::<Result<_, _>>()?
            }
        };
        Ok(Rows { table, rows })
    }

    /// A source of rows with the one column `n`: from `first` to `last`.
    pub(crate) fn numbers(&self, first: usize, last: usize) -> String {
        match self {
            Self::Sqlite(_) => format!(
                "(with recursive numbers (n) as (select {first} union all select n + 1 from numbers where n < {last})
                  select n from numbers) as numbers"
            ),
            Self::Postgres(..) => format!("generate_series({first}::bigint, {last}::bigint) as numbers (n)"),
        }
    }

    /// Does what the server would else do while it is measured: counts what there is for plans, and writes it out.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(_) => self.run("pragma optimize = 0x10002; pragma wal_checkpoint(truncate);"),
            Self::Postgres(..) => self.run("vacuum analyze").and_then(|()| self.run("checkpoint")),
        }
    }

    /// Makes a writer for these tables.
    pub(crate) fn writer(&mut self, tables: &[&'static str]) -> anyhow::Result<Writer<'_>> {
        let mut prepared = Vec::new();
        for table in tables {
            prepared.push((*table, self.columns(table)?));
        }
        Ok(Writer { database: self, tables: prepared, statements: HashMap::new() })
    }
}

/// Writes rows in transactions, with as little as it takes.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    database: &'a mut Database,
    tables: Vec<(&'static str, Columns)>,
    /// On PostgreSQL: what has been prepared, by its text.
    statements: HashMap<String, Statement>,
}

impl Writer<'_> {
    fn columns(&self, table: &str) -> anyhow::Result<&Columns> {
        let found = self.tables.iter().find(|known| known.0 == table);
        found.map(|known| &known.1).context("a table the writer was not made for")
    }

    /// One transaction: on SQLite prepared inserts, on PostgreSQL a binary `COPY` a table.
    pub(crate) fn load(&mut self, parts: &[Rows]) -> anyhow::Result<()> {
        if let Database::Sqlite(_) = self.database {
            return self.write(parts, &[]);
        }
        let columns: Vec<_> = parts.iter().map(|part| self.columns(part.table).cloned()).collect::<Result<_, _>>()?;
        let Database::Postgres(runtime, client) = &mut *self.database else { return Ok(()) };
        runtime.block_on(async {
            let transaction = client.transaction().await?;
            for (part, columns) in parts.iter().zip(columns) {
                let types: Vec<_> = columns.into_iter().map(|column| column.1).collect();
                let sink = transaction.copy_in(&format!("copy {} from stdin binary", part.table)).await?;
                let writer = BinaryCopyInWriter::new(sink, &types);
                pin_mut!(writer);
                for row in &part.rows {
                    writer.as_mut().write_raw(row.iter().map(Field)).await?;
                }
                writer.finish().await?;
            }
            transaction.commit().await?;
            Ok(())
        })
    }

    /// One transaction of prepared statements: `fresh` rows are inserted, `known` ones (by tenant and id) overwritten.
    pub(crate) fn write(&mut self, fresh: &[Rows], known: &[Rows]) -> anyhow::Result<()> {
        let mark = if matches!(self.database, Database::Sqlite(_)) { '?' } else { '$' };
        let mut statements = Vec::new();
        for part in fresh {
            let marks = placeholders(self.columns(part.table)?.len(), mark);
            statements.push((format!("insert into {} values ({marks})", part.table), part));
        }
        for part in known {
            let columns = self.columns(part.table)?;
            let sets: Vec<_> =
                columns.iter().enumerate().map(|(i, column)| format!("{} = {mark}{}", column.0, i + 1)).collect();
            let sql = format!(
                "update {} set {} where tenant_id = {mark}1 and id = {mark}2",
                part.table,
                sets[2..].join(", ")
            );
            statements.push((sql, part));
        }
        match &mut *self.database {
            Database::Sqlite(sqlite) => {
                sqlite.prepare_cached("begin immediate")?.execute([])?;
                for (sql, part) in statements {
                    let mut statement = sqlite.prepare_cached(&sql)?;
                    for row in &part.rows {
                        statement.execute(rusqlite::params_from_iter(row))?;
                    }
                }
                sqlite.prepare_cached("commit")?.execute([])?;
            }
            Database::Postgres(runtime, client) => runtime.block_on(async {
                let mut prepared = Vec::new();
                for (sql, part) in statements {
                    if !self.statements.contains_key(&sql) {
                        self.statements.insert(sql.clone(), client.prepare(&sql).await?);
                    }
                    prepared.push((self.statements[&sql].clone(), part));
                }
                let transaction = client.transaction().await?;
                for (statement, part) in &prepared {
                    for row in &part.rows {
                        let fields: Vec<_> = row.iter().map(Field).collect();
                        transaction
                            .execute_raw(statement, fields.iter().map(|field| field as &(dyn ToSql + Sync)))
                            .await?;
                    }
                }
                transaction.commit().await?;
                anyhow::Ok(())
            })?,
        }
        Ok(())
    }
}
