//! Routing rules alone, on one core.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use app::routing::{Facts, Rules};
use domain::Timestamp;
use domain::address::Address;
use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::location::Location;
use domain::measure::Weight;
use domain::order::Order;
use domain::parcel::Box as ParcelBox;
use domain::routing::RoutingRule;
use serde_json::json;

use crate::Bench;
use crate::table::{Budget, Line, Table};

/// Conditions as people write them; none but the last holds for the shipment of the bench, so all are tried.
const CONDITIONS: [&str; 10] = [
    "parcel.weight_kg > 20.0",
    "destination.country in ['CH', 'NO', 'GB'] && order.total > 150.0",
    "destination.postal_code.startsWith('97')",
    "order.cash_on_delivery",
    "parcels.exists(p, p.length_cm > 120.0)",
    "'fragile' in order.tags",
    "parcel.has_size && parcel.length_cm + 2.0 * parcel.width_cm + 2.0 * parcel.height_cm > 300.0",
    "destination.company != '' && order.item_count > 40",
    "order.channel == 12 || origin.brand == 'outlet'",
    "destination.country == 'DE' && parcel.weight_kg <= 5.0",
];

fn rules() -> anyhow::Result<Vec<RoutingRule>> {
    let then = json!({ "only": ["house"], "pick": "cheapest" });
    let rule = |(n, when): (usize, &&str)| {
        let rule = json!({ "name": format!("rule {n}"), "when": when, "then": then });
        Ok(serde_json::from_value(rule)?)
    };
    CONDITIONS.iter().enumerate().map(rule).collect()
}

/// The best of several runs: how often a second `work` goes, when it is called `count` times.
fn rate(count: u32, mut work: impl FnMut()) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..count {
            work();
        }
        best = best.max(f64::from(count) / began.elapsed().as_secs_f64());
    }
    best
}

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let count = if bench.quick { 2_000 } else { 20_000 };
    let text = |text: &str| Some(text.to_owned());
    let recipient =
        Address { name: text("Erika"), postal_code: text("10245"), country: text("DE"), ..Address::default() };
    let location = json!({ "external_id": "oss", "name": "Oss", "address": { "city": "Oss", "country": "NL" } });
    let location: Location = serde_json::from_value(location)?;
    let details = json!({ "number": "W-1", "items": [{ "id": "a", "name": "Camping stove", "quantity": 1 }] });
    let order = Order {
        id: OrderId::new(1).context("an id")?,
        channel: ChannelNumber(7),
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        modified_at: Timestamp::UNIX_EPOCH,
        cancelled_at: None,
        standing: domain::stage::Stage::Open,
        checked: None,
        details: serde_json::from_value(details)?,
    };
    let weight = Weight::from_milligrams(2_450_000).context("a weight")?;
    let parcels =
        vec![ParcelBox { weight, weight_is_assumed: false, dimensions: None, contents: Vec::new(), collect: None }];
    let rules = Rules::new(rules()?);
    let facts = Facts::new(&order, &parcels, &location, &recipient);
    let verdict = rules.try_all(&facts, &location, None);
    anyhow::ensure!(verdict.decided_by.as_deref() == Some("rule 9"), "not every rule was tried: {verdict:?}");
    let tried = rate(count, || drop(black_box(rules.try_all(black_box(&facts), &location, None))));
    let shipments = rate(count, || {
        let facts = Facts::new(black_box(&order), &parcels, &location, &recipient);
        drop(black_box(rules.try_all(&facts, &location, None)));
    });
    let lines = [
        ("rules evaluated", tried * CONDITIONS.len() as f64, Budget::Above(200_000.0)),
        ("  shipments with 10 rules each, facts put together", shipments, Budget::None),
    ];
    for (path, measured, budget) in lines {
        let path = path.to_owned();
        table.add(Line { path, engine: "-", floor: None, measured, unit: "/s", budget, share: None });
    }
    Ok(())
}
