//! The label path: order, rates of five services, booking and label by `local`, one client.
//!
//! Measured are three requests: `POST /v1/orders`; `POST /v1/orders/{id}/shipments`, which asks five services for
//! their rates, takes the cheapest, books it, draws and stores the label; `GET /v1/parcels/{id}/label`. The floor does
//! what the design needs and no more: three commits with the same rows (order and event; shipment and parcel before
//! the carrier is asked; the answer with document and events), one drawing, and one file written so that it survives a
//! crash (file and folder).

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use domain::document::{Format, LabelContent};
use serde_json::{Value as Json, json};
use store::Value;

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Database, Engine, Rows, Writer, fresh, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table, percentile};

fn order(name: &str) -> Vec<u8> {
    let body = json!({
        "external_id": name,
        "number": format!("W-{name}"),
        "placed_at": "2026-03-02T11:02:00+02:00",
        "items": [
            { "id": "a", "sku": "STOVE-1", "name": "Camping stove", "quantity": 1, "weight_kg": 0.85,
              "total_price": { "amount": 64.50, "currency": "EUR" } },
            { "id": "b", "sku": "MUG-4", "name": "Enamel mugs, four", "quantity": 1, "weight_kg": 0.6,
              "total_price": { "amount": 22.00, "currency": "EUR" } }
        ],
        "total": { "amount": 86.50, "currency": "EUR" },
        "shipping_address": {
            "name": "Jürgen Straßenmüller", "street1": "Grünberger Straße", "house_number": "48a",
            "postal_code": "10245", "city": "Berlin", "country": "DE", "phone": "+49 30 23125 001"
        }
    });
    request("POST", "/v1/orders", &body.to_string())
}

fn text<'a>(json: &'a Json, pointer: &str) -> anyhow::Result<&'a str> {
    json.pointer(pointer).and_then(Json::as_str).with_context(|| format!("no {pointer} in {json}"))
}

/// One label, in milliseconds: the whole path and each request.
pub(crate) fn make(client: &mut Client, order: &[u8]) -> anyhow::Result<[f64; 4]> {
    let began = Instant::now();
    let placed: Json = serde_json::from_slice(&client.send(order)?)?;
    let ordered = Instant::now();
    let ship = request("POST", &format!("/v1/orders/{}/shipments", text(&placed, "/id")?), "");
    let shipped: Json = serde_json::from_slice(&client.send(&ship)?)?;
    let shipped_at = Instant::now();
    let path = format!("/v1/parcels/{}/label?format=pdf_100x150", text(&shipped, "/parcels/0/id")?);
    let label = client.send(&request("GET", &path, ""))?;
    let labelled = Instant::now();
    anyhow::ensure!(label.starts_with(b"%PDF"), "the label is no PDF");
    let parts = [(began, labelled), (began, ordered), (ordered, shipped_at), (shipped_at, labelled)];
    Ok(parts.map(|(from, to)| to.duration_since(from).as_secs_f64() * 1e3))
}

/// The requests of so many orders.
pub(crate) fn orders(prefix: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| order(&format!("{prefix}-{n}"))).collect()
}

/// What the design writes for one label.
pub(crate) struct Written {
    placed: [Rows; 2],
    asked: [Rows; 2],
    answered: [Rows; 2],
    content: LabelContent,
}

/// What was written for labels, the first `known` of them left out.
fn written(database: &mut Database, known: usize) -> anyhow::Result<Vec<Written>> {
    let mut rows = |table, order| Ok::<_, anyhow::Error>(database.read(table, order)?.rows);
    let orders = rows("orders", "order by id")?;
    let shipments = rows("shipments", "order by order_id")?;
    let parcels = rows("parcels", "order by order_id")?;
    let documents = rows("documents", "order by order_id")?;
    let mut events = rows("events", "order by order_id, id")?;
    for event in &mut events {
        if let Some(position) = event.get_mut(crate::database::POSITION) {
            *position = Value::Null;
        }
    }
    let contents = database.texts("select label from parcels order by order_id")?;
    let mut all = Vec::new();
    for (i, content) in contents.iter().enumerate().skip(known) {
        let one = |table, rows: &[Vec<Value>]| Rows { table, rows: vec![rows[i].clone()] };
        let news = &events[i * 3..i * 3 + 3];
        all.push(Written {
            placed: [one("orders", &orders), Rows { table: "events", rows: news[..1].to_vec() }],
            asked: [one("shipments", &shipments), one("parcels", &parcels)],
            answered: [one("documents", &documents), Rows { table: "events", rows: news[1..].to_vec() }],
            content: store::codec::from_json(content)?,
        });
    }
    Ok(all)
}

/// Writes a file so that it survives a crash.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let (staged, path) = (folder.join("staged"), folder.join(name));
    let mut file = fs::File::create(&staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&staged, path)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes what one label takes, and draws it; the time in milliseconds.
fn alone(writer: &mut Writer<'_>, folder: &Path, name: &str, one: &Written) -> anyhow::Result<f64> {
    let began = Instant::now();
    writer.write(&one.placed, &[])?;
    writer.write(&one.asked, &[])?;
    let drawn = documents::label(&one.content, Format::default(), &documents::Options::default())?;
    keep(folder, name, &drawn.bytes)?;
    writer.write(&one.answered, &one.asked)?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// What orders took that were placed and labelled, and the floor of the same ones.
pub(crate) struct Turns<T> {
    /// One an order.
    pub(crate) samples: Vec<T>,
    /// In milliseconds, one an order.
    pub(crate) floors: Vec<f64>,
    /// The load's part of the processor.
    pub(crate) share: f64,
}

/// Makes labels of `orders(prefix, count)` and the floor of the same ones in turns, so that a slow minute of the machine
/// is everybody's.
pub(crate) fn in_turns<T>(
    bench: &Bench,
    engine: Engine,
    orders: impl Fn(&str, usize) -> Vec<Vec<u8>>,
    make: impl Fn(&mut Client, &[u8]) -> anyhow::Result<T>,
) -> anyhow::Result<Turns<T>> {
    let (warm, rounds, count) = if bench.quick { (20, 3, 50) } else { (50, 5, 200) };
    let (config, mut database) = fresh(bench, engine)?;
    let server = Server::start(bench, &config, "")?;
    let mut client = Client::connect(server.port)?;
    for order in orders("warm", warm) {
        make(&mut client, &order)?;
    }
    let (floor_config, mut floor_database) = fresh(bench, engine)?;
    let mut writer = floor_database.writer(&["orders", "events", "shipments", "parcels", "documents"])?;
    let folder = bench.folder.join("labels");
    fs::create_dir_all(&folder)?;
    let (mut samples, mut floors, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let bodies = orders(&format!("label-{round}"), count);
        let ((), share) = server.sharing(|| {
            for order in &bodies {
                samples.push(make(&mut client, order)?);
            }
            Ok(())
        })?;
        shares.push(share);
        for one in written(&mut database, warm + round * count)? {
            floors.push(alone(&mut writer, &folder, &floors.len().to_string(), &one)?);
        }
    }
    drop(server);
    drop(database);
    drop(floor_database);
    remove(bench, &config)?;
    remove(bench, &floor_config)?;
    fs::remove_dir_all(folder)?;
    Ok(Turns { samples, floors, share: percentile(&mut shares, 0.5) })
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let Turns { samples, mut floors, share } = in_turns(bench, engine, orders, make)?;
    let column = |i: usize| samples.iter().map(|sample| sample[i]).collect::<Vec<f64>>();
    let rows = [
        ("order → 5 rates → label, p50", 0, 0.5, true, Budget::AtMost(2.0)),
        ("order → 5 rates → label, p99", 0, 0.99, true, Budget::Below(5.0)),
        ("  of it POST order, p50", 1, 0.5, false, Budget::None),
        ("  of it POST shipment, p50", 2, 0.5, false, Budget::None),
        ("  of it GET label, p50", 3, 0.5, false, Budget::None),
    ];
    for (path, part, at, has_floor, budget) in rows {
        table.add(Line {
            path: path.to_owned(),
            engine: engine.name(),
            floor: has_floor.then(|| percentile(&mut floors, at)),
            measured: percentile(&mut column(part), at),
            unit: "ms",
            budget,
            share: has_floor.then_some(share),
        });
    }
    Ok(())
}
