//! Webhooks: deliveries a second to a local sink, against the HTTP client alone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::Bench;
use crate::database::{Engine, fresh, remove};
use crate::ingest;
use crate::server::Server;
use crate::table::{Budget, Line, Table};

/// Endpoints, each in a lane of its own; the client alone sends as many requests at once.
const ENDPOINTS: usize = 8;
/// How long the deliveries may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server that counts what it is sent and answers 204, once it is open.
struct Sink {
    port: u16,
    received: Arc<AtomicUsize>,
    is_open: Arc<AtomicBool>,
}

impl Sink {
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (received, is_open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let (count, open) = (Arc::clone(&received), Arc::clone(&is_open));
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, open) = (Arc::clone(&count), Arc::clone(&open));
                thread::spawn(move || drop(serve(&stream, &count, &open)));
            }
        });
        Ok(Self { port, received, is_open })
    }
}

fn serve(stream: &TcpStream, count: &AtomicUsize, is_open: &AtomicBool) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        while !is_open.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        writer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Requests a second of the HTTP client alone.
fn alone(sink: &Sink, count: usize) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let url = format!("http://127.0.0.1:{}/alone", sink.port);
    runtime.block_on(async {
        let client = app::guard::client(true)?;
        let began = Instant::now();
        let workers = (0..ENDPOINTS).map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for _ in 0..count / ENDPOINTS {
                    client.post(&url).body(vec![b'x'; 1_500]).send().await?.error_for_status()?;
                }
                anyhow::Ok(())
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await??;
        }
        Ok(count as f64 / began.elapsed().as_secs_f64())
    })
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    use std::fmt::Write as _;

    let orders = if bench.quick { 200 } else { 2_000 };
    let sink = Sink::start()?;
    let mut setup = String::new();
    for n in 0..ENDPOINTS {
        write!(
            setup,
            "\n[[tenant.webhook]]\nurl = \"http://127.0.0.1:{}/hooks/{n}\"\n\
             secret = \"whsec_V2F5YmlsbCBkZW1vIHNlY3JldA==\"\ndialect = \"native\"\nevents = [\"order.created\"]\n",
            sink.port
        )
        .context("a setup")?;
    }
    let (mut best, mut best_floor) = ((0.0_f64, 0.0), 0.0_f64);
    for round in 0..if bench.quick { 1 } else { 3 } {
        best_floor = best_floor.max(alone(&sink, if bench.quick { 2_000 } else { 8_000 })?);
        let (rate, share) = deliver(bench, engine, &setup, &sink, (round, orders))?;
        if rate > best.0 {
            best = (rate, share);
        }
    }
    table.add(Line {
        path: format!("webhooks: {orders} events to {ENDPOINTS} endpoints"),
        engine: engine.name(),
        floor: Some(best_floor),
        measured: best.0,
        unit: "sent/s",
        budget: Budget::AtLeast(0.5),
        share: Some(best.1),
    });
    Ok(())
}

/// Deliveries a second, once all of them wait; and the load's part of the processor.
fn deliver(
    bench: &Bench,
    engine: Engine,
    setup: &str,
    sink: &Sink,
    (round, orders): (usize, usize),
) -> anyhow::Result<(f64, f64)> {
    let (config, mut database) = fresh(bench, engine)?;
    let server = Server::start(bench, &config, setup)?;
    sink.received.store(0, Ordering::Relaxed);
    sink.is_open.store(false, Ordering::Relaxed);
    let all = orders * ENDPOINTS;
    let bodies: Vec<_> = (0..orders / 100).map(|n| ingest::orders(&format!("hook-{round}-{n}"), 100)).collect();
    ingest::post(server.port, &bodies, 1)?;
    // The first delivery of each endpoint is held back by the sink while the jobs make the others.
    let began = Instant::now();
    while database.texts("select count(*) from webhook_deliveries")?.first().is_none_or(|text| *text != all.to_string())
    {
        ensure!(began.elapsed() < PATIENCE, "the deliveries were never made");
        thread::sleep(Duration::from_millis(20));
    }
    let sent = server.sharing(|| {
        let began = Instant::now();
        sink.is_open.store(true, Ordering::Relaxed);
        while sink.received.load(Ordering::Relaxed) < all {
            let received = sink.received.load(Ordering::Relaxed);
            ensure!(began.elapsed() < PATIENCE, "only {received} of {all} webhooks arrived");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(all as f64 / began.elapsed().as_secs_f64())
    });
    sink.is_open.store(true, Ordering::Relaxed);
    drop(server);
    drop(database);
    remove(bench, &config)?;
    sent
}
