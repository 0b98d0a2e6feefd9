//! One call that places a shipping order: `POST /shipments` with the carrier `local`, one client.
//!
//! It writes, draws and keeps what the label path does, so the floor is that path's.

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Engine, fresh, remove};
use crate::label::{alone, written};
use crate::server::Server;
use crate::table::{Budget, Line, Table, percentile};

fn order(name: &str) -> Vec<u8> {
    let body = json!({
        "locationExternalId": "oss",
        "orderExternalId": name,
        "orderValue": 86.5,
        "deliveryContact": { "name": "Jürgen Straßenmüller", "phone": "+49 30 23125 001" },
        "deliveryAddress": {
            "street1": "Grünberger Straße 48a", "city": "Berlin", "postalCode": "10245", "countryCode": "DE"
        },
        "package": { "weight": { "value": 1.45, "unit": "kg" } },
        "itemList": [
            { "sku": "STOVE-1", "title": "Camping stove", "quantity": 1, "price": 64.50 },
            { "sku": "MUG-4", "title": "Enamel mugs, four", "quantity": 1, "price": 22.00 }
        ]
    });
    request("POST", "/shipments", &body.to_string())
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let (warm, rounds, count) = if bench.quick { (20, 3, 50) } else { (50, 5, 200) };
    let (config, mut database) = fresh(bench, engine)?;
    let server = Server::start(bench, &config, "")?;
    let mut client = Client::connect(server.port)?;
    for n in 0..warm {
        client.send(&order(&format!("warm-{n}")))?;
    }
    let (floor_config, mut floor_database) = fresh(bench, engine)?;
    let mut writer = floor_database.writer(&["orders", "events", "shipments", "parcels", "documents"])?;
    let folder = bench.folder.join("labels");
    fs::create_dir_all(&folder)?;
    let (mut samples, mut floors, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let bodies: Vec<_> = (0..count).map(|n| order(&format!("order-{round}-{n}"))).collect();
        let ((), share) = server.sharing(|| {
            for body in &bodies {
                let began = Instant::now();
                client.send(body)?;
                samples.push(began.elapsed().as_secs_f64() * 1e3);
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
    let share = percentile(&mut shares, 0.5);
    for (path, at, budget) in
        [("POST /shipments, p50", 0.5, Budget::AtMost(2.0)), ("POST /shipments, p99", 0.99, Budget::Below(5.0))]
    {
        table.add(Line {
            path: path.to_owned(),
            engine: engine.name(),
            floor: Some(percentile(&mut floors, at)),
            measured: percentile(&mut samples, at),
            unit: "ms",
            budget,
            share: Some(share),
        });
    }
    Ok(())
}
