//! Replicas: rows that the server wrote once, inserted again and again under other ids, with other texts, later.
//!
//! Only what must differ is told here: ids, instants and texts. Everything else of a row is as the server wrote it, whatever
//! columns there are.

use anyhow::ensure;
use tokio_postgres::types::Type;

use crate::database::Database;
use crate::growth::START;

/// Ids lie so far apart: below are those of the rows that are copied.
pub(crate) const STRIDE: usize = 10;

/// Replicas of one transaction.
const STEP: usize = 20_000;

/// What stands in texts of the rows that are copied, and what stands there in the `n`th copy.
const MARKS: [(&str, &str); 3] =
    [("@n@", "cast(n as text)"), ("@50@", "cast(n % 50 as text)"), (DAY, "'2022-02-' || cast(10 + n % 18 as text)")];

/// The day in the rows that are copied; each copy has one of the eighteen days from then on.
pub(crate) const DAY: &str = "2022-02-10";

const MILLISECONDS_OF_A_DAY: usize = 86_400_000;

/// Rows of a table that are copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    pub(crate) table: &'static str,
    /// Which rows, and in which copies.
    pub(crate) condition: &'static str,
    /// Columns that differ in a way of their own.
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

/// What inserts copies of one template; `{numbers}` stands for which.
#[derive(Debug)]
pub(crate) struct Copying(String);

/// How a column differs in the `n`th copy, whatever its table.
fn changed(column: &str) -> Option<String> {
    let at = START * 1_000_000;
    Some(match column {
        // 0 is no row.
        "id" | "order_id" | "shipment_id" | "parcel_id" | "batch_id" => {
            format!("case when {column} > 0 then {column} + n * {STRIDE} else {column} end")
        }
        "created_at" | "modified_at" | "placed_at" | "changed_at" | "booked_at" => {
            format!("case when {column} is null then null else {at} + n * 1000000 end")
        }
        "send_at" => format!("send_at + n % 18 * {MILLISECONDS_OF_A_DAY}"),
        // Nobody works on them.
        "check_due" | "next_look_at" | "lease_until" => "null".to_owned(),
        _ => return None,
    })
}

/// Keeps the rows that are copied, and prepares to copy them.
pub(crate) fn prepare(database: &mut Database, templates: &[Template]) -> anyhow::Result<Vec<Copying>> {
    let mut all = Vec::new();
    for (place, Template { table, condition, columns: own }) in templates.iter().enumerate() {
        let columns = database.columns(table)?;
        let kept = format!("kept_{place}");
        database.run(&format!("create temp table {kept} as select * from {table}"))?;
        let mut values = Vec::new();
        for (column, kind) in &columns {
            if column == "id" {
                let too_high = database.texts(&format!("select id from {kept} where id >= {STRIDE}"))?;
                ensure!(too_high.is_empty(), "rows of {table} with the ids {too_high:?} cannot be copied");
            }
            let told = own.iter().find(|(name, _)| name == column).map(|(_, value)| (*value).to_owned());
            let mut value = told.or_else(|| changed(column)).unwrap_or_else(|| column.clone());
            if *kind == Type::TEXT {
                for (mark, text) in MARKS {
                    let sql = format!("select 1 from {kept} where {column} like '%{mark}%' limit 1");
                    if !database.texts(&sql)?.is_empty() {
                        value = format!("replace({value}, '{mark}', {text})");
                    }
                }
            }
            values.push(value);
        }
        let names: Vec<_> = columns.into_iter().map(|(name, _)| name).collect();
        all.push(Copying(format!(
            "insert into {table} ({}) select {} from {{numbers}} cross join {kept} where {condition};",
            names.join(", "),
            values.join(", ")
        )));
    }
    Ok(all)
}

/// Inserts the copies `from + 1` to `to`.
pub(crate) fn insert(database: &mut Database, copying: &[Copying], from: usize, to: usize) -> anyhow::Result<()> {
    for begin in (from..to).step_by(STEP) {
        let numbers = database.numbers(begin + 1, to.min(begin + STEP));
        let inserts: String = copying.iter().map(|one| one.0.replace("{numbers}", &numbers)).collect();
        database.run(&format!("begin; {inserts} commit;"))?;
    }
    // Whatever the server makes from now on has an id behind them.
    let behind = (to + 1) * STRIDE;
    let of_ours = "name in ('orders', 'shipments', 'parcels', 'documents', 'batches')";
    database.run(&format!("update sequences set next = {behind} where {of_ours}"))?;
    database.settle()
}
