//! The bench: measures every budget of the architecture as a ratio to a floor taken in the same run.
//!
//! The server under measurement is a child process of the release binary. The load generator sends ready-made bodies
//! from threads of its own; its share of the processor time stands beside each figure. For development only.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

mod batches;
mod client;
mod database;
mod dispatch;
mod drawing;
mod expertsender;
mod filters;
mod growth;
mod ingest;
mod label;
mod lists;
mod machine;
mod memory;
mod query;
mod replicas;
mod rules;
mod server;
mod table;
mod webhooks;

use database::Engine;
use table::Table;

/// What the bench was asked for.
#[derive(Debug, Parser)]
#[command(about = "Measures Waybill against floors taken in the same run; ./bench sets everything up.")]
struct Arguments {
    /// Only these lines: ingest, expertsender, label, batches, dispatch, drawing, rules, query, webhooks, memory, lists,
    /// filters.
    lines: Vec<String>,
    /// Fewer repetitions and smaller tables: for a look, not for the record.
    #[arg(long)]
    quick: bool,
    /// Only on this database.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// The server under measurement.
    #[arg(long)]
    waybill: PathBuf,
    /// A PostgreSQL server, without a database.
    #[arg(long)]
    postgres: String,
    /// A folder that is emptied afterwards by whoever made it; on the disk that is to be measured.
    #[arg(long)]
    folder: PathBuf,
}

/// What every measurement is given.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) waybill: PathBuf,
    pub(crate) postgres: String,
    pub(crate) folder: PathBuf,
    pub(crate) quick: bool,
    /// The databases to measure on.
    pub(crate) engines: Vec<Engine>,
}

/// The names of the measurements, in the order in which they run.
const LINES: [&str; 12] = [
    "ingest",
    "expertsender",
    "label",
    "batches",
    "dispatch",
    "drawing",
    "rules",
    "query",
    "webhooks",
    "memory",
    "lists",
    "filters",
];

fn main() -> anyhow::Result<()> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = Arguments::parse();
    if let Some(unknown) = arguments.lines.iter().find(|line| !LINES.contains(&line.as_str())) {
        anyhow::bail!("there is no line {unknown:?}: name some of {}", LINES.join(", "));
    }
    let bench = Bench {
        waybill: arguments.waybill,
        postgres: arguments.postgres,
        folder: arguments.folder,
        quick: arguments.quick,
        engines: arguments.engine.map_or_else(|| vec![Engine::Sqlite, Engine::Postgres], |engine| vec![engine]),
    };
    machine::describe(&bench)?;
    let mut table = Table::default();
    for line in LINES {
        if !arguments.lines.is_empty() && !arguments.lines.iter().any(|asked| asked == line) {
            continue;
        }
        eprintln!("bench: {line} …");
        let measured = match line {
            "ingest" => on_both(&bench, &mut table, ingest::measure),
            "expertsender" => on_both(&bench, &mut table, expertsender::measure),
            "label" => on_both(&bench, &mut table, label::measure),
            "batches" => on_both(&bench, &mut table, batches::measure),
            "dispatch" => on_both(&bench, &mut table, dispatch::measure),
            "drawing" => drawing::measure(&bench, &mut table),
            "rules" => rules::measure(&bench, &mut table),
            "query" => query::measure(&bench, &mut table),
            "webhooks" => on_both(&bench, &mut table, webhooks::measure),
            "memory" => on_both(&bench, &mut table, memory::measure),
            "lists" => on_both(&bench, &mut table, lists::measure),
            _ => on_both(&bench, &mut table, filters::measure),
        };
        if let Err(error) = measured {
            // What was measured before is worth something.
            table.print();
            return Err(error).with_context(|| format!("the measurement of {line}"));
        }
    }
    table.print();
    Ok(())
}

fn on_both(
    bench: &Bench,
    table: &mut Table,
    measure: fn(&Bench, Engine, &mut Table) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    bench.engines.iter().try_for_each(|engine| measure(bench, *engine, table))
}
