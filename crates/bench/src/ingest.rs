//! Ingest: POST of 100 orders over HTTP, against the same rows written in the same transactions without it.

use std::thread;
use std::time::Instant;

use serde_json::{Value as Json, json};
use store::Value;

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Database, Engine, Rows, fresh, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table};

/// Orders in one request and one transaction.
pub(crate) const BATCH: usize = 100;

/// An order in the Sendcloud dialect.
pub(crate) fn order(name: &str) -> Json {
    json!({
        "order_id": name,
        "order_number": format!("K-{name}"),
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "paid", "message": "Paid" },
            "order_created_at": "2026-03-02T08:14:05.120Z",
            "order_items": [
                { "item_id": "1", "sku": "TENT-2", "name": "Tent for two", "quantity": 1,
                  "total_price": { "value": 189.00, "currency": "EUR" },
                  "measurement": { "weight": { "value": 2.4, "unit": "kg" } } },
                { "item_id": "2", "sku": "PEG-10", "name": "Tent pegs, ten", "quantity": 2,
                  "total_price": { "value": 15.80, "currency": "EUR" },
                  "measurement": { "weight": { "value": 180, "unit": "g" } } }
            ]
        },
        "payment_details": {
            "total_price": { "value": 204.80, "currency": "EUR" },
            "status": { "code": "paid", "message": "Paid" }
        },
        "shipping_address": {
            "name": "Jürgen Straßenmüller",
            "address_line_1": "Grünberger Straße",
            "house_number": "48a",
            "address_line_2": "Hinterhaus, 3. Stock",
            "postal_code": "10245",
            "city": "Berlin",
            "country_code": "DE",
            "phone_number": "+49 30 23125 001"
        }
    })
}

/// A request with so many orders that nobody has sent before.
pub(crate) fn orders(prefix: &str, count: usize) -> Vec<u8> {
    let list: Vec<_> = (0..count).map(|n| order(&format!("{prefix}-{n}"))).collect();
    request("POST", "/api/v3/orders", &Json::from(list).to_string())
}

/// Posts all bodies, shared out among the clients; orders a second.
pub(crate) fn post(port: u16, bodies: &[Vec<u8>], clients: usize) -> anyhow::Result<f64> {
    let mut connections = (0..clients).map(|_| Client::connect(port)).collect::<Result<Vec<_>, _>>()?;
    let began = Instant::now();
    thread::scope(|scope| {
        let threads = connections.iter_mut().enumerate().map(|(first, client)| {
            scope.spawn(move || {
                for body in bodies.iter().skip(first).step_by(clients) {
                    client.send(body)?;
                }
                anyhow::Ok(())
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a client panicked")))
    })?;
    Ok((bodies.len() * BATCH) as f64 / began.elapsed().as_secs_f64())
}

/// What the server wrote, cut into its transactions.
fn transactions(database: &mut Database) -> anyhow::Result<Vec<[Rows; 2]>> {
    let orders = database.read("orders", "order by id")?;
    let mut events = database.read("events", "where kind = 'order.created' order by order_id")?;
    // As they were written: a job numbers them later.
    for row in &mut events.rows {
        if let Some(position) = row.get_mut(crate::database::POSITION) {
            *position = Value::Null;
        }
    }
    let cut = orders.rows.chunks(BATCH).zip(events.rows.chunks(BATCH));
    Ok(cut
        .map(|(orders, events)| {
            [Rows { table: "orders", rows: orders.to_vec() }, Rows { table: "events", rows: events.to_vec() }]
        })
        .collect())
}

/// One run of the floor: the same transactions without HTTP; orders a second.
fn floor(bench: &Bench, engine: Engine, written: &[[Rows; 2]]) -> anyhow::Result<f64> {
    let (config, mut database) = fresh(bench, engine)?;
    let mut writer = database.writer(&["orders", "events"])?;
    let began = Instant::now();
    for transaction in written {
        writer.load(transaction)?;
    }
    let rate = (written.len() * BATCH) as f64 / began.elapsed().as_secs_f64();
    drop(database);
    remove(bench, &config)?;
    Ok(rate)
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let (requests, rounds) = if bench.quick { (40, 2) } else { (150, 4) };
    let mut written = Vec::new();
    let mut best = [(0.0_f64, 0.0); 2];
    let mut best_floor = 0.0_f64;
    // In turns, so that a slow minute of the machine is everybody's.
    for round in 0..rounds {
        for (slot, clients) in [1, 4].into_iter().enumerate() {
            let (config, mut database) = fresh(bench, engine)?;
            let server = Server::start(bench, &config, "")?;
            post(server.port, &(0..8).map(|n| orders(&format!("warm-{n}"), BATCH)).collect::<Vec<_>>(), 4)?;
            let bodies: Vec<_> = (0..requests).map(|n| orders(&format!("{round}-{n}"), BATCH)).collect();
            let (rate, share) = server.sharing(|| post(server.port, &bodies, clients))?;
            if rate > best[slot].0 {
                best[slot] = (rate, share);
            }
            drop(server);
            if written.is_empty() {
                written = transactions(&mut database)?;
            }
            drop(database);
            remove(bench, &config)?;
        }
        best_floor = best_floor.max(floor(bench, engine, &written)?);
    }
    for ((rate, share), clients) in best.into_iter().zip(["1 client", "4 clients"]) {
        table.add(Line {
            path: format!("ingest: POST of {BATCH} orders, {clients}"),
            engine: engine.name(),
            floor: Some(best_floor),
            measured: rate,
            unit: "orders/s",
            budget: Budget::AtLeast(if engine == Engine::Sqlite { 0.5 } else { 0.4 }),
            share: Some(share),
        });
    }
    Ok(())
}
