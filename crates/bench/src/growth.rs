//! Growth: the same questions to a small table and to a large one.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Database, Engine, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table, percentile};

/// 2026-01-01T00:00:00Z, when rows begin that are inserted a second apart; in seconds.
pub(crate) const START: i64 = 1_767_225_600;

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// What is asked for.
    pub(crate) name: String,
    /// The path of the `GET`, with its query.
    pub(crate) path: String,
    /// Where the answer's list stands, as a JSON pointer; the answer itself is it when empty.
    pub(crate) list: &'static str,
    /// How many rows the answer has.
    pub(crate) rows: usize,
}

/// How many rows there are at first, and in the end.
fn sizes(bench: &Bench) -> (usize, usize) {
    (10_000, if bench.quick { 100_000 } else { 1_000_000 })
}

/// The median of each question, in milliseconds. Every answer has as many rows as it should.
fn times(bench: &Bench, port: u16, asks: &[Ask]) -> anyhow::Result<Vec<f64>> {
    let count = if bench.quick { 60 } else { 200 };
    let mut client = Client::connect(port)?;
    let mut medians = Vec::new();
    for ask in asks {
        let asked = request("GET", &ask.path, "");
        let first = client.send(&asked).with_context(|| ask.name.clone())?;
        let answer: Json = serde_json::from_slice(&first)?;
        let rows = answer.pointer(ask.list).and_then(Json::as_array).map(Vec::len);
        ensure!(rows == Some(ask.rows), "{}: {rows:?} rows, expected {}: {}", ask.name, ask.rows, ask.path);
        let mut samples = Vec::new();
        for n in 0..count + 20 {
            let began = Instant::now();
            let body = client.send(&asked).with_context(|| ask.name.clone())?;
            if n >= 20 {
                samples.push(began.elapsed().as_secs_f64() * 1e3);
            }
            ensure!(body.len() == first.len(), "{}: not always the same answer", ask.name);
        }
        medians.push(percentile(&mut samples, 0.5));
    }
    Ok(medians)
}

/// Asks at both sizes; `fill` inserts the rows after one number up to another. The database is removed.
pub(crate) fn measure(
    bench: &Bench,
    (config, mut database): (store::Config, Database),
    (setup, asks): (&str, &[Ask]),
    fill: impl Fn(&mut Database, usize, usize) -> anyhow::Result<()>,
    (engine, table): (Engine, &mut Table),
) -> anyhow::Result<()> {
    let (few, many) = sizes(bench);
    fill(&mut database, 0, few)?;
    let server = Server::start(bench, &config, setup)?;
    let small = times(bench, server.port, asks)?;
    drop(server);
    fill(&mut database, few, many)?;
    let server = Server::start(bench, &config, setup)?;
    let (large, share) = server.sharing(|| times(bench, server.port, asks))?;
    drop(server);
    drop(database);
    remove(bench, &config)?;
    for (ask, (floor, measured)) in asks.iter().zip(small.into_iter().zip(large)) {
        table.add(Line {
            path: format!("{}, {few} → {many}", ask.name),
            engine: engine.name(),
            floor: Some(floor),
            measured,
            unit: "ms",
            budget: Budget::AtMost(1.3),
            share: Some(share),
        });
    }
    Ok(())
}
