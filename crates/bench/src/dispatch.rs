//! One call that places a shipping order: `POST /shipments` with the carrier `local`, one client.
//!
//! It writes, draws and keeps what the label path does, so the floor is that path's.

use std::time::Instant;

use serde_json::json;

use crate::Bench;
use crate::client::request;
use crate::database::Engine;
use crate::label::{Turns, in_turns};
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
    let orders = |prefix: &str, count| (0..count).map(|n| order(&format!("{prefix}-{n}"))).collect();
    let Turns { mut samples, mut floors, share } = in_turns(bench, engine, orders, |client, order| {
        let began = Instant::now();
        client.send(order)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    })?;
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
