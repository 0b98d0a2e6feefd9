//! Batches: many orders labelled by `local` in one call, and their labels put together.
//!
//! The drawing part is measured by printing the finished batch again: reading what stands on the labels, drawing them into one
//! file, and storing that. Its floor is drawing the same labels one by one as PDF, without a server.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use documents::Options;
use domain::document::{Format, LabelContent};
use domain::ids::OrderId;
use serde_json::{Value as Json, json};

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Database, Engine, fresh, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table};
use crate::{ingest, machine};

/// How long a batch may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// Places so many orders; their native ids.
fn placed(client: &mut Client, name: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::with_capacity(count);
    for page in 0..count.div_ceil(100) {
        let answer: Json = serde_json::from_slice(
            &client.send(&ingest::orders(&format!("{name}-{page}"), (count - page * 100).min(100)))?,
        )?;
        for order in answer["data"].as_array().context("a list of orders")? {
            let number = order["id"].as_str().and_then(|id| id.parse().ok()).and_then(OrderId::new);
            ids.push(number.context("an order without an id")?.to_string());
        }
    }
    Ok(ids)
}

/// Waits until everything that was asked for about a batch is done; the batch.
pub(crate) fn finished(client: &mut Client, id: &str) -> anyhow::Result<Json> {
    let began = Instant::now();
    let look = request("GET", &format!("/v1/batches/{id}"), "");
    loop {
        let batch: Json = serde_json::from_slice(&client.send(&look)?)?;
        if batch["status"] == "done" {
            return Ok(batch);
        }
        ensure!(began.elapsed() < PATIENCE, "the batch is not done: {batch}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Asks for something to be done about a batch and waits until it is; the batch, and the seconds.
fn done(client: &mut Client, path: &str, body: &Json) -> anyhow::Result<(Json, f64)> {
    let began = Instant::now();
    let begun: Json = serde_json::from_slice(&client.send(&request("POST", path, &body.to_string()))?)?;
    let batch = finished(client, begun["id"].as_str().context("a batch without an id")?)?;
    Ok((batch, began.elapsed().as_secs_f64()))
}

/// Draws labels one by one; the seconds.
fn one_by_one(database: &mut Database) -> anyhow::Result<f64> {
    let texts = database.texts("select label from parcels order by order_id")?;
    let contents =
        texts.iter().map(|text| Ok(store::codec::from_json(text)?)).collect::<anyhow::Result<Vec<LabelContent>>>()?;
    let began = Instant::now();
    for content in &contents {
        black_box(documents::label(content, Format::default(), &Options::default())?);
    }
    Ok(began.elapsed().as_secs_f64())
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let count = if bench.quick { 2_000 } else { 10_000 };
    let (config, mut database) = fresh(bench, engine)?;
    let server = Server::start(bench, &config, "")?;
    let mut client = Client::connect(server.port)?;
    let orders = placed(&mut client, "batch", count)?;
    let (batch, took) = done(&mut client, "/v1/batches", &json!({ "orders": orders }))?;
    ensure!(batch["counts"]["labelled"] == count, "not every order was labelled: {}", batch["counts"]);
    let floor = one_by_one(&mut database)?;
    let print = format!("/v1/batches/{}/print", batch["id"].as_str().context("a batch without an id")?);
    let (_, pdf) = done(&mut client, &print, &json!({ "format": "pdf_100x150" }))?;
    let (_, zpl) = done(&mut client, &print, &json!({ "format": "zpl_203" }))?;
    let memory = machine::megabytes(server.process(), "VmHWM")?;
    drop(server);
    drop(database);
    remove(bench, &config)?;
    let seconds = if bench.quick || engine == Engine::Postgres { Budget::None } else { Budget::Below(20.0) };
    let lines = [
        (format!("batch of {count}: labelled and merged"), None, took, "s", seconds),
        ("  of it drawing, PDF".to_owned(), Some(floor), pdf, "s", Budget::AtMost(1.5)),
        ("  the same as ZPL".to_owned(), Some(floor), zpl, "s", Budget::AtMost(0.75)),
        ("  memory at its highest".to_owned(), None, memory, "MB", Budget::Below(300.0)),
    ];
    for (path, floor, measured, unit, budget) in lines {
        table.add(Line { path, engine: engine.name(), floor, measured, unit, budget, share: None });
    }
    Ok(())
}
