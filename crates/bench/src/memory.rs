//! Memory and start: on an existing database, idle, and under load.

use crate::Bench;
use crate::client::Client;
use crate::database::{Engine, fresh, remove};
use crate::server::Server;
use crate::table::{Budget, Line, Table};
use crate::{ingest, label, lists, machine};

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    let orders = if bench.quick { 20_000 } else { 100_000 };
    let (config, mut database) = fresh(bench, engine)?;
    lists::fill(&mut database, 0, orders)?;
    drop(database);
    // The first start applies the setup; the second finds it applied.
    drop(Server::start(bench, &config, "")?);
    let mut ready = f64::MAX;
    for _ in 0..3 {
        ready = ready.min(Server::start(bench, &config, "")?.ready_after.as_secs_f64() * 1e3);
    }
    let server = Server::start(bench, &config, "")?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let idle = machine::megabytes(server.process(), "VmRSS")?;
    let bodies: Vec<_> =
        (0..if bench.quick { 40 } else { 200 }).map(|n| ingest::orders(&format!("load-{n}"), 100)).collect();
    ingest::post(server.port, &bodies, 8)?;
    let mut client = Client::connect(server.port)?;
    for order in label::orders("memory", 100) {
        label::make(&mut client, &order)?;
    }
    let busy = machine::megabytes(server.process(), "VmHWM")?;
    drop(server);
    remove(bench, &config)?;
    let lines = [
        (format!("start to ready, {orders} orders"), ready, "ms", 150.0),
        ("memory, idle".to_owned(), idle, "MB", 60.0),
        ("memory, under load".to_owned(), busy, "MB", 250.0),
    ];
    for (path, measured, unit, budget) in lines {
        let budget = Budget::Below(budget);
        table.add(Line { path, engine: engine.name(), floor: None, measured, unit, budget, share: None });
    }
    Ok(())
}
