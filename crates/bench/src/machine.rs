//! The machine: what it is, how busy it is, and what processes have used.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::time::Instant;

use anyhow::Context as _;

use crate::Bench;
use crate::database::{Engine, fresh};
use crate::table::percentile;

/// Says on what the figures were taken.
pub(crate) fn describe(bench: &Bench) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    println!("cores {cores}, load average {}, {}", load.join(" "), if bench.quick { "quick" } else { "full" });
    println!("fsync of 4 kB written over: p50 {:.2} ms", fsync_cost(bench)? * 1e3);
    let (_, mut postgres) = fresh(bench, Engine::Postgres)?;
    let version =
        postgres.texts("select current_setting('server_version') || ', fsync ' || current_setting('fsync')")?;
    println!("SQLite {}, PostgreSQL {}\n", rusqlite::version(), version.join(""));
    Ok(())
}

fn fsync_cost(bench: &Bench) -> anyhow::Result<f64> {
    let path = bench.folder.join("fsync");
    let mut file = fs::File::create(&path)?;
    let mut samples = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.rewind()?;
        file.write_all(&[7; 4096])?;
        file.sync_all()?;
        samples.push(began.elapsed().as_secs_f64());
    }
    fs::remove_file(path)?;
    Ok(percentile(&mut samples, 0.5))
}

/// The processor time of a process in clock ticks, user and system.
pub(crate) fn ticks(process: u32) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("a process without a name")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

/// A line of `/proc/PID/status` in megabytes.
pub(crate) fn megabytes(process: u32, line: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let found = text.lines().find_map(|found| found.strip_prefix(line)).context("no such line")?;
    let kilobytes: f64 = found.trim_matches([':', ' ', '\t', 'k', 'B']).parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
