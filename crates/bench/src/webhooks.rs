//! Webhooks: deliveries a second to a local sink, against the HTTP client alone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// A server that counts what it is sent and answers 204.
struct Sink {
    port: u16,
    received: Arc<AtomicUsize>,
}

impl Sink {
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let received = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&received);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                thread::spawn(move || drop(serve(&stream, &count)));
            }
        });
        Ok(Self { port, received })
    }
}

fn serve(stream: &TcpStream, count: &AtomicUsize) -> anyhow::Result<()> {
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

    let orders = if bench.quick { 100 } else { 400 };
    let sink = Sink::start()?;
    let floor = alone(&sink, if bench.quick { 2_000 } else { 8_000 })?;
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
    let (config, database) = fresh(bench, engine)?;
    drop(database);
    let server = Server::start(bench, &config, &setup)?;
    sink.received.store(0, Ordering::Relaxed);
    let bodies: Vec<_> = (0..orders / 100).map(|n| ingest::orders(&format!("hook-{n}"), 100)).collect();
    let (rate, share) = server.sharing(|| {
        let began = Instant::now();
        ingest::post(server.port, &bodies, 1)?;
        while sink.received.load(Ordering::Relaxed) < orders * ENDPOINTS {
            ensure!(
                began.elapsed() < PATIENCE,
                "only {} of {} webhooks arrived",
                sink.received.load(Ordering::Relaxed),
                orders * ENDPOINTS
            );
            thread::sleep(Duration::from_millis(2));
        }
        Ok((orders * ENDPOINTS) as f64 / began.elapsed().as_secs_f64())
    })?;
    drop(server);
    remove(bench, &config)?;
    table.add(Line {
        path: format!("webhooks: {orders} events to {ENDPOINTS} endpoints"),
        engine: engine.name(),
        floor: Some(floor),
        measured: rate,
        unit: "sent/s",
        budget: Budget::AtLeast(0.5),
        share: Some(share),
    });
    Ok(())
}
