//! Growth: the same questions to a small table and to a large one.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;
use store::Config;

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

/// Inserts the rows after one number up to another.
pub(crate) type Fill = Box<dyn Fn(&mut Database, usize, usize) -> anyhow::Result<()>>;

/// An empty table, what fills it, and the questions it gets then.
pub(crate) struct Asked {
    pub(crate) config: Config,
    pub(crate) database: Database,
    pub(crate) fill: Fill,
    pub(crate) asks: Vec<Ask>,
}

/// The answer to a question, which has as many rows as it should.
fn first(client: &mut Client, ask: &Ask) -> anyhow::Result<(Vec<u8>, usize)> {
    let asked = request("GET", &ask.path, "");
    let body = client.send(&asked).with_context(|| ask.name.clone())?;
    let answer: Json = serde_json::from_slice(&body)?;
    let rows = answer.pointer(ask.list).and_then(Json::as_array).map(Vec::len);
    ensure!(rows == Some(ask.rows), "{}: {rows:?} rows, expected {}: {}", ask.name, ask.rows, ask.path);
    Ok((asked, body.len()))
}

/// The medians of each question to both tables, in milliseconds. They take turns, so that a slow minute of the machine is
/// everybody's.
fn times(bench: &Bench, ports: [u16; 2], asks: [&[Ask]; 2]) -> anyhow::Result<Vec<[f64; 2]>> {
    let count = if bench.quick { 60 } else { 200 };
    let [mut small, mut large] = [Client::connect(ports[0])?, Client::connect(ports[1])?];
    let mut medians = Vec::new();
    for (to_small, to_large) in asks[0].iter().zip(asks[1]) {
        let [of_small, of_large] = [first(&mut small, to_small)?, first(&mut large, to_large)?];
        let mut sides = [(&mut small, of_small, Vec::new()), (&mut large, of_large, Vec::new())];
        for n in 0..count + 20 {
            for (client, (asked, length), samples) in &mut sides {
                let began = Instant::now();
                let body = client.send(asked).with_context(|| to_small.name.clone())?;
                if n >= 20 {
                    samples.push(began.elapsed().as_secs_f64() * 1e3);
                }
                ensure!(body.len() == *length, "{}: not always the same answer", to_small.name);
            }
        }
        medians.push(sides.map(|(_, _, mut samples)| percentile(&mut samples, 0.5)));
    }
    Ok(medians)
}

/// Asks a small table and a large one. The databases are removed.
pub(crate) fn measure(
    bench: &Bench,
    [mut small, mut large]: [Asked; 2],
    setup: &str,
    (engine, table): (Engine, &mut Table),
) -> anyhow::Result<()> {
    let (few, many) = sizes(bench);
    (small.fill)(&mut small.database, 0, few)?;
    (large.fill)(&mut large.database, 0, many)?;
    let servers = [Server::start(bench, &small.config, setup)?, Server::start(bench, &large.config, setup)?];
    let ports = [servers[0].port, servers[1].port];
    let (medians, share) = servers[1].sharing(|| times(bench, ports, [&small.asks, &large.asks]))?;
    drop(servers);
    for (ask, [floor, measured]) in small.asks.iter().zip(medians) {
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
    for Asked { config, database, .. } in [small, large] {
        drop(database);
        remove(bench, &config)?;
    }
    Ok(())
}
