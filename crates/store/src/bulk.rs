//! Many rows in one statement: on PostgreSQL a parameter holds a whole column, on SQLite, which is in this process, the
//! statement runs once a row. What nobody needs the outcome of goes out with the next statement or the commit.

use std::fmt::Write as _;

use domain::Result;

use crate::{Row, Tx, Value};

/// Rows of one statement on PostgreSQL at most.
const PIECE: usize = 1_000;

/// So few rows go out one by one, by a statement that is the same for any number of them.
const FEW: usize = 4;

/// `$1, $2, …`
fn placeholders(count: usize) -> String {
    (1..=count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// The type of a column by what stands in it; `None` when nothing does.
fn kind(rows: &[Vec<Value>], column: usize) -> Option<&'static str> {
    rows.iter().find_map(|row| match row[column] {
        Value::Null => None,
        Value::Int(_) => Some("bigint"),
        Value::Text(_) => Some("text"),
        Value::Bytes(_) => Some("bytea"),
    })
}

/// The columns with something in them: their positions, and `unnest($1::text[], …)` over them.
fn unnest(rows: &[Vec<Value>], columns: usize) -> (Vec<usize>, String) {
    let mut held = Vec::with_capacity(columns);
    let mut arrays = Vec::with_capacity(columns);
    for column in 0..columns {
        if let Some(kind) = kind(rows, column) {
            held.push(column);
            arrays.push(format!("${}::{kind}[]", held.len()));
        }
    }
    (held, format!("unnest({})", arrays.join(", ")))
}

/// Which of the columns.
fn names(columns: &[&str], held: &[usize]) -> String {
    held.iter().map(|column| columns[*column]).collect::<Vec<_>>().join(", ")
}

/// A `select` that runs for all sets of parameters at once, and the positions of its own parameters, which are columns of
/// the sets. Its rows begin with the place of their set, from 1.
fn for_all(sql: &str, rows: &[Vec<Value>]) -> (String, Vec<usize>) {
    let count = rows.first().map_or(0, Vec::len);
    let (held, arrays) = unnest(rows, count);
    // From the last, since $1 begins $10 too.
    let one = (0..count).rev().fold(sql.to_owned(), |sql, column| {
        let value = if held.contains(&column) { format!("asked.k{column}") } else { "null".to_owned() };
        sql.replace(&format!("${}", column + 1), &value)
    });
    let names: Vec<_> = held.iter().map(|column| format!("k{column}")).chain(["place".to_owned()]).collect();
    let names = names.join(", ");
    let sql = format!(
        "select asked.place, found.* from {arrays} with ordinality as asked ({names}) cross join lateral ({one}) as found"
    );
    (sql, held)
}

/// Puts rows that begin with a place, from 1, where they belong, in the order they came.
fn in_their_places(rows: Vec<Row>, found: &mut [Vec<Row>]) -> Result<()> {
    for mut row in rows {
        let place = usize::try_from(row.int(0)?).unwrap_or_default();
        row.0.remove(0);
        if let Some(found) = found.get_mut(place.wrapping_sub(1)) {
            found.push(row);
        }
    }
    Ok(())
}

impl Tx<'_> {
    /// Inserts rows, one value a column; a column without any value keeps its default.
    pub async fn insert_all(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<()> {
        self.insert_rows(table, columns, rows, "").await
    }

    /// Inserts rows, but leaves out those that meet another one in a unique key.
    pub async fn insert_missing(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<()> {
        self.insert_rows(table, columns, rows, " on conflict do nothing").await
    }

    async fn insert_rows(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>], rest: &str) -> Result<()> {
        match self {
            Self::Postgres(session) if rows.len() > FEW => {
                for rows in rows.chunks(PIECE) {
                    let (held, arrays) = unnest(rows, columns.len());
                    let names = names(columns, &held);
                    let sql = format!("insert into {table} ({names}) select * from {arrays}{rest}");
                    session.columns_later(sql, rows, held)?;
                }
                Ok(())
            }
            _ => self.execute_later(&(insert(table, columns) + rest), rows).await,
        }
    }

    /// Inserts the rows that meet no other one, stored or before them in the list, in a unique key; says of each whether
    /// it went in. One of the columns is `id`, an integer that no other row has.
    pub async fn insert_new(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<Vec<bool>> {
        match self {
            Self::Postgres(session) if rows.len() > 1 => {
                let place = columns.iter().position(|column| *column == "id").unwrap_or_default();
                let mut went_in = Vec::with_capacity(rows.len());
                for rows in rows.chunks(PIECE) {
                    let (held, arrays) = unnest(rows, columns.len());
                    let names = names(columns, &held);
                    let sql = format!(
                        "insert into {table} ({names}) select * from {arrays} on conflict do nothing returning id"
                    );
                    let stored = session.columns(&sql, rows, &held).await?;
                    let stored =
                        stored.iter().map(|row| row.int(0)).collect::<Result<std::collections::HashSet<_>>>()?;
                    went_in.extend(rows.iter().map(|row| match row[place] {
                        Value::Int(id) => stored.contains(&id),
                        _ => false,
                    }));
                }
                Ok(went_in)
            }
            _ => {
                let sql = insert(table, columns) + " on conflict do nothing";
                let counts = self.execute_each(&sql, rows).await?;
                Ok(counts.into_iter().map(|count| count > 0).collect())
            }
        }
    }

    /// Runs a `select` once for each set of parameters; answers one list of rows for each.
    pub async fn rows_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<Vec<Row>>> {
        match self {
            Self::Postgres(session) if rows.len() > FEW => {
                let mut found = vec![Vec::new(); rows.len()];
                for (rows, found) in rows.chunks(PIECE).zip(found.chunks_mut(PIECE)) {
                    let (sql, held) = for_all(sql, rows);
                    in_their_places(session.columns(&sql, rows, &held).await?, found)?;
                }
                Ok(found)
            }
            _ => self.returned_each(sql, rows).await,
        }
    }

    /// The rows of `from` that lists of values lead to, one list an answer, each in its place: `keys` are columns of `from`,
    /// and `columns` is what is read. No key is null.
    pub async fn find_all(
        &mut self,
        columns: &str,
        from: &str,
        keys: &[&str],
        rows: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>> {
        match self {
            Self::Postgres(session) if rows.len() > FEW => {
                let mut found = vec![Vec::new(); rows.len()];
                for (rows, found) in rows.chunks(PIECE).zip(found.chunks_mut(PIECE)) {
                    let (held, arrays) = unnest(rows, keys.len());
                    let asked: Vec<_> = (0..keys.len()).map(|n| format!("k{n}")).collect();
                    let same: Vec<_> = keys.iter().enumerate().map(|(n, key)| format!("{key} = asked.k{n}")).collect();
                    let sql = format!(
                        "select asked.place, {columns} from {arrays} with ordinality as asked ({}, place)
                         join ({from}) on {}",
                        asked.join(", "),
                        same.join(" and ")
                    );
                    in_their_places(session.columns(&sql, rows, &held).await?, found)?;
                }
                Ok(found)
            }
            _ => {
                let same: Vec<_> = keys.iter().enumerate().map(|(n, key)| format!("{key} = ${}", n + 1)).collect();
                self.rows_many(&format!("select {columns} from {from} where {}", same.join(" and ")), rows).await
            }
        }
    }

    /// Updates rows found by their keys: each list of values holds those of `keys`, then those of `sets`. No two lists
    /// have the same keys.
    pub async fn update_all(&mut self, table: &str, keys: &[&str], sets: &[&str], rows: &[Vec<Value>]) -> Result<()> {
        let columns: Vec<_> = keys.iter().chain(sets).copied().collect();
        match self {
            Self::Postgres(session) if rows.len() > FEW => {
                for rows in rows.chunks(PIECE) {
                    let (held, arrays) = unnest(rows, columns.len());
                    let mut changes = String::new();
                    for (n, set) in sets.iter().enumerate() {
                        let comma = if n == 0 { "" } else { ", " };
                        let is_held = held.contains(&(keys.len() + n));
                        let value = if is_held { format!("new.{set}") } else { "null".to_owned() };
                        write!(changes, "{comma}{set} = {value}").map_err(domain::Error::internal)?;
                    }
                    let same: Vec<_> = keys.iter().map(|key| format!("old.{key} = new.{key}")).collect();
                    let (names, same) = (names(&columns, &held), same.join(" and "));
                    let sql =
                        format!("update {table} as old set {changes} from {arrays} as new ({names}) where {same}");
                    session.columns_later(sql, rows, held)?;
                }
                Ok(())
            }
            _ => {
                let at = |from: usize, names: &[&str], between: &str| {
                    let parts = names.iter().enumerate().map(|(n, name)| format!("{name} = ${}", from + n + 1));
                    parts.collect::<Vec<_>>().join(between)
                };
                let sql = format!("update {table} set {} where {}", at(keys.len(), sets, ", "), at(0, keys, " and "));
                self.execute_later(&sql, rows).await
            }
        }
    }
}

impl Tx<'_> {
    /// Deletes the rows with these values in these columns.
    pub async fn delete_all(&mut self, table: &str, keys: &[&str], rows: &[Vec<Value>]) -> Result<()> {
        match self {
            Self::Postgres(session) if rows.len() > FEW => {
                for rows in rows.chunks(PIECE) {
                    let (held, arrays) = unnest(rows, keys.len());
                    let names = names(keys, &held);
                    let same: Vec<_> = keys.iter().map(|key| format!("old.{key} = gone.{key}")).collect();
                    let same = same.join(" and ");
                    let sql = format!("delete from {table} as old using {arrays} as gone ({names}) where {same}");
                    session.columns_later(sql, rows, held)?;
                }
                Ok(())
            }
            _ => {
                let same: Vec<_> = keys.iter().enumerate().map(|(n, key)| format!("{key} = ${}", n + 1)).collect();
                let sql = format!("delete from {table} where {}", same.join(" and "));
                self.execute_later(&sql, rows).await
            }
        }
    }
}

fn insert(table: &str, columns: &[&str]) -> String {
    format!("insert into {table} ({}) values ({})", columns.join(", "), placeholders(columns.len()))
}
