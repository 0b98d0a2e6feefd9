//! Ingest through the ExpertSender dialect: POST of 100 orders, beside the same through Sendcloud's in the same run.
//!
//! Every fourth order is by a customer nobody has heard of; the others' are in the customer book already.

use serde_json::{Value as Json, json};

use crate::Bench;
use crate::client::request;
use crate::database::{Engine, fresh, remove};
use crate::ingest::{BATCH, orders, post};
use crate::server::Server;
use crate::table::{Budget, Line, Table};

fn order(name: &str, customer: &str) -> Json {
    json!({
        "id": name,
        "date": "2026-03-02T08:14:05.120Z",
        "timeZone": "UTC",
        "status": "Paid",
        "currency": "EUR",
        "totalValue": 204.80,
        "returnsValue": 0,
        "customer": { "email": format!("{customer}@example.com"), "phone": "+49 30 23125 001", "crmId": customer },
        "products": [
            { "id": "TENT-2", "name": "Tent for two", "price": 189.00, "quantity": 1, "returned": 0,
              "url": "https://shop.example.com/tent-2", "category": "Tents",
              "productAttributes": [{ "name": "Colour", "value": "green" }] },
            { "id": "PEG-10", "name": "Tent pegs, ten", "price": 7.90, "quantity": 2, "returned": 0,
              "url": "https://shop.example.com/peg-10", "category": "Tents", "productAttributes": [] }
        ],
        "orderAttributes": [{ "name": "Shipping Method", "value": "Express" }]
    })
}

fn batch(prefix: &str) -> Vec<u8> {
    let customer = |n: usize| if n.is_multiple_of(4) { format!("{prefix}-{n}") } else { format!("known-{n}") };
    let data: Vec<_> = (0..BATCH).map(|n| order(&format!("{prefix}-{n}"), &customer(n))).collect();
    request("POST", "/orders", &json!({ "mode": "AddOrReplace", "data": data }).to_string())
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let (requests, rounds) = if bench.quick { (40, 2) } else { (150, 4) };
    let dialects: [fn(&str) -> Vec<u8>; 2] = [|prefix| orders(prefix, BATCH), batch];
    let mut best = [(0.0_f64, 0.0); 2];
    // In turns, so that a slow minute of the machine is everybody's.
    for round in 0..rounds {
        for (slot, body) in dialects.into_iter().enumerate() {
            let (config, database) = fresh(bench, engine)?;
            drop(database);
            let server = Server::start(bench, &config, "")?;
            post(server.port, &(0..8).map(|n| body(&format!("warm-{n}"))).collect::<Vec<_>>(), 4)?;
            let bodies: Vec<_> = (0..requests).map(|n| body(&format!("{round}-{n}"))).collect();
            let (rate, share) = server.sharing(|| post(server.port, &bodies, 4))?;
            if rate > best[slot].0 {
                best[slot] = (rate, share);
            }
            drop(server);
            remove(bench, &config)?;
        }
    }
    let [(floor, _), (measured, share)] = best;
    table.add(Line {
        path: format!("ExpertSender POST of {BATCH} orders, 4 clients, beside Sendcloud's"),
        engine: engine.name(),
        floor: Some(floor),
        measured,
        unit: "orders/s",
        budget: Budget::AtLeast(0.8),
        share: Some(share),
    });
    Ok(())
}
