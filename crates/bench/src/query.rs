//! Reading a query alone, on one core.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use query::{Options, Query};

use crate::Bench;
use crate::table::{Budget, Line, Table};

const THREE_TERMS: &str = "seller=dona-ana&shipment.sendDate=2022-02-24T00:00:00.000Z&status!=SHIPPED,CANCELED";

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let count = if bench.quick { 20_000 } else { 200_000 };
    let options = Options::default();
    let read = Query::parse(THREE_TERMS, &options).context("the query of the bench")?;
    anyhow::ensure!(read.filter.fields().len() == 3, "three terms: {read}");
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..count {
            drop(black_box(Query::parse(black_box(THREE_TERMS), &options)));
        }
        best = best.min(began.elapsed().as_secs_f64() / f64::from(count));
    }
    let path = "query of three terms read".to_owned();
    let (measured, budget) = (best * 1e6, Budget::Below(5.0));
    table.add(Line { path, engine: "-", floor: None, measured, unit: "µs", budget, share: None });
    Ok(())
}
