//! Lists: 20 orders and every indexed filter, at a small table and at a large one.

use crate::Bench;
use crate::database::{Database, Engine, fresh};
use crate::growth::{self, Ask, Asked, START};
use crate::table::Table;

/// Every filter and every order of the list, each with how many rows it finds; those of Seven Senders also gather each
/// order's shipments and events.
const QUERIES: [(&str, &str, usize); 15] = [
    ("newest first", "/api/v3/orders?page_size=20", 20),
    ("by number", "/api/v3/orders?page_size=20&order_number=K-4999", 1),
    ("by external id", "/api/v3/orders?page_size=20&order_id=e-4999", 1),
    ("by status", "/api/v3/orders?page_size=20&status=paid", 20),
    ("by rare status", "/api/v3/orders?page_size=20&status=lost", 20),
    ("by channel", "/api/v3/orders?page_size=20&integration=7", 20),
    ("placed from", "/api/v3/orders?page_size=20&order_created_at_min=2026-01-01T00:30:00Z", 20),
    (
        "placed between",
        "/api/v3/orders?page_size=20&order_created_at_min=2026-01-01T00:30:00Z&order_created_at_max=2026-01-01T00:31:00Z",
        20,
    ),
    ("changed from", "/api/v3/orders?page_size=20&order_updated_at_min=2026-01-01T00:30:00Z", 20),
    ("sorted by number", "/api/v3/orders?page_size=20&sort=order_number", 20),
    ("sorted by placing", "/api/v3/orders?page_size=20&sort=-order_created_at", 20),
    ("of Seven Senders, newest first", "/v2/orders?limit=20", 20),
    ("of Seven Senders, by order id", "/v2/orders?limit=20&order_id=e-4999", 1),
    ("of Seven Senders, sorted by date", "/v2/orders?limit=20&order_by=order_date", 20),
    (
        "of Seven Senders, placed between",
        "/v2/orders?limit=20&order_date[after]=2026-01-01T00:30:00Z&order_date[before]=2026-01-01T00:31:00Z",
        20,
    ),
];

/// Inserts orders `from + 1` to `to` as the store would, a second apart.
pub(crate) fn fill(database: &mut Database, from: usize, to: usize) -> anyhow::Result<()> {
    let start = START * 1_000_000;
    let body = r#"{"external_id":"e-@","number":"K-@","shop_status":{"code":"STATUS"},"items":[{"id":"1","sku":"TENT-2","name":"Tent for two","quantity":1}],"shipping_address":{"name":"Erika","street1":"Havenweg","house_number":"1","postal_code":"5347AB","city":"Oss","country":"NL"}}"#;
    let status = "case when n % 500 = 7 then 'lost' else 'paid' end";
    let numbers = database.numbers(from + 1, to);
    database.run(&format!(
        "begin;
         insert into orders (tenant_id, id, channel, external_id, external_id_key, number_key, status_key, placed_at,
             changed_at, created_at, modified_at, version, is_deleted, body, number, country, is_searched)
         select 'bench', n, 7, 'e-' || n, 'e-' || n, 'k-' || n, {status},
             {start} + n * 1000000, {start} + n * 1000000, {start} + n * 1000000, {start} + n * 1000000, 1, 0,
             replace(replace('{body}', '@', cast(n as text)), 'STATUS', {status}), 'K-' || n, 'NL', 1
         from {numbers};
         insert into sequences (name, next) values ('orders', {to} + 1)
         on conflict (name) do update set next = excluded.next;
         commit;"
    ))?;
    database.settle()
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let asks = QUERIES.map(|(name, path, rows)| Ask {
        name: format!("list of 20 {name}"),
        path: path.to_owned(),
        list: if path.starts_with("/v2/") { "" } else { "/data" },
        rows,
    });
    let asked = || {
        let (config, database) = fresh(bench, engine)?;
        anyhow::Ok(Asked { config, database, fill: Box::new(fill), asks: asks.to_vec() })
    };
    growth::measure(bench, [asked()?, asked()?], "", (engine, table))
}
