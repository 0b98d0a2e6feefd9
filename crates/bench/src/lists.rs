//! Lists: 20 orders and every indexed filter, at a small table and at a large one.

use std::time::Instant;

use anyhow::Context as _;

use crate::Bench;
use crate::client::{Client, request};
use crate::database::{Database, Engine, fresh, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table, percentile};

/// Every filter and every order of the list; those of Seven Senders also gather each order's shipments and events.
const QUERIES: [(&str, &str); 15] = [
    ("newest first", "/api/v3/orders?page_size=20"),
    ("by number", "/api/v3/orders?page_size=20&order_number=K-4999"),
    ("by external id", "/api/v3/orders?page_size=20&order_id=e-4999"),
    ("by status", "/api/v3/orders?page_size=20&status=paid"),
    ("by rare status", "/api/v3/orders?page_size=20&status=lost"),
    ("by channel", "/api/v3/orders?page_size=20&integration=7"),
    ("placed from", "/api/v3/orders?page_size=20&order_created_at_min=2026-01-01T00:30:00Z"),
    (
        "placed between",
        "/api/v3/orders?page_size=20&order_created_at_min=2026-01-01T00:30:00Z&order_created_at_max=2026-01-01T00:31:00Z",
    ),
    ("changed from", "/api/v3/orders?page_size=20&order_updated_at_min=2026-01-01T00:30:00Z"),
    ("sorted by number", "/api/v3/orders?page_size=20&sort=order_number"),
    ("sorted by placing", "/api/v3/orders?page_size=20&sort=-order_created_at"),
    ("of Seven Senders, newest first", "/v2/orders?limit=20"),
    ("of Seven Senders, by order id", "/v2/orders?limit=20&order_id=e-4999"),
    ("of Seven Senders, sorted by date", "/v2/orders?limit=20&order_by=order_date"),
    (
        "of Seven Senders, placed between",
        "/v2/orders?limit=20&order_date[after]=2026-01-01T00:30:00Z&order_date[before]=2026-01-01T00:31:00Z",
    ),
];

/// Inserts orders `from + 1` to `to` as the store would, a second apart.
pub(crate) fn fill(database: &mut Database, from: usize, to: usize) -> anyhow::Result<()> {
    // 2026-01-01T00:00:00Z in microseconds.
    const START: i64 = 1_767_225_600_000_000;
    let body = r#"{"external_id":"e-@","number":"K-@","shop_status":{"code":"paid"},"items":[{"id":"1","sku":"TENT-2","name":"Tent for two","quantity":1}],"shipping_address":{"name":"Erika","street1":"Havenweg","house_number":"1","postal_code":"5347AB","city":"Oss","country":"NL"}}"#;
    let numbers = match database {
        Database::Sqlite(_) => format!(
            "(with recursive numbers (n) as (select {} union all select n + 1 from numbers where n < {to})
              select n from numbers) as numbers",
            from + 1
        ),
        Database::Postgres(..) => format!("generate_series({}::bigint, {to}::bigint) as numbers (n)", from + 1),
    };
    database.run(&format!(
        "begin;
         insert into orders (tenant_id, id, channel, external_id, external_id_key, number_key, status_key, placed_at,
             changed_at, created_at, modified_at, version, is_deleted, body)
         select 'bench', n, 7, 'e-' || n, 'e-' || n, 'k-' || n, case when n % 1000 = 7 then 'lost' else 'paid' end,
             {START} + n * 1000000, {START} + n * 1000000, {START} + n * 1000000, {START} + n * 1000000, 1, 0,
             replace('{body}', '@', cast(n as text))
         from {numbers};
         insert into sequences (name, next) values ('orders', {to} + 1)
         on conflict (name) do update set next = excluded.next;
         commit;"
    ))?;
    match database {
        Database::Sqlite(_) => database.run("pragma optimize = 0x10002; pragma wal_checkpoint(truncate);"),
        // Or the server would write it out while it is measured.
        Database::Postgres(..) => database.run("vacuum analyze orders").and_then(|()| database.run("checkpoint")),
    }
}

/// The median of each query, in milliseconds.
fn times(bench: &Bench, port: u16) -> anyhow::Result<Vec<f64>> {
    let count = if bench.quick { 60 } else { 200 };
    let mut client = Client::connect(port)?;
    let mut medians = Vec::new();
    for (name, query) in QUERIES {
        let asked = request("GET", query, "");
        let mut samples = Vec::new();
        for n in 0..count + 20 {
            let began = Instant::now();
            client.send(&asked).with_context(|| name.to_owned())?;
            if n >= 20 {
                samples.push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        medians.push(percentile(&mut samples, 0.5));
    }
    Ok(medians)
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let (few, many) = (10_000, if bench.quick { 100_000 } else { 1_000_000 });
    let (config, mut database) = fresh(bench, engine)?;
    fill(&mut database, 0, few)?;
    let server = Server::start(bench, &config, "")?;
    let small = times(bench, server.port)?;
    drop(server);
    fill(&mut database, few, many)?;
    let server = Server::start(bench, &config, "")?;
    let (large, share) = server.sharing(|| times(bench, server.port))?;
    drop(server);
    drop(database);
    remove(bench, &config)?;
    for ((name, _), (floor, measured)) in QUERIES.iter().zip(small.into_iter().zip(large)) {
        table.add(Line {
            path: format!("list of 20 {name}, {few} → {many}"),
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
