//! The server under measurement: a child process of the release binary on a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, net, thread};

use anyhow::{Context as _, bail};
use store::Config;

use crate::Bench;
use crate::client::{Client, request};
use crate::machine::ticks;

/// One tenant, one key, one location, one carrier of five services.
const SETUP: &str = r#"
[[tenant]]
id = "bench"
name = "Bench GmbH"
currency = "EUR"
time_zone = "Europe/Berlin"
default_parcel = { weight_kg = 1.0 }

[[tenant.key]]
name = "shop"
public = "pub-bench"
secret = "sec-bench"
scopes = ["*"]

[[tenant.integration]]
id = 7
name = "Web shop"

[[tenant.location]]
external_id = "oss"
name = "Bench warehouse"
address = { street1 = "Havenweg", house_number = "1", postal_code = "5347AB", city = "Oss", country = "NL" }
contact = { name = "Dispatch", phone = "+31 85 555 0100" }

[[tenant.carrier_account]]
id = "house"
carrier = "local"
settings = { rate_sheet = "rates.csv", sscc_prefix = "4012345", carrier_name = "House Parcel" }
"#;

const RATES: &str = "\
service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,name,routing_code
standard,home,NL;DE,,0,31.5,4.90,EUR,2,Standard,NL-1
evening,home,NL;DE,,0,31.5,6.90,EUR,2,Evening,NL-E
morning,home,NL;DE,,0,31.5,7.90,EUR,1,Morning,NL-M
express,home,NL;DE,,0,31.5,9.90,EUR,1,Express,NL-X
same_day,home,NL;DE,,0,31.5,19.90,EUR,0,Same day,NL-S
";

/// How long the server may take to be ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From the start of the process to its first answer of "ready".
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts a server on the database with `setup` added to the bench's own.
    pub(crate) fn start(bench: &Bench, config: &Config, setup: &str) -> anyhow::Result<Self> {
        let data = data_folder(bench, config);
        fs::create_dir_all(&data)?;
        fs::write(data.join("rates.csv"), RATES)?;
        fs::write(data.join("setup.toml"), format!("{SETUP}{setup}"))?;
        // A port nobody listens on.
        let port = net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = fs::File::create(data.join("server.log"))?;
        let mut command = Command::new(&bench.waybill);
        command
            .arg("serve")
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--data")
            .arg(&data)
            .arg("--setup")
            .arg(data.join("setup.toml"))
            .env("WAYBILL_LOG", "warn")
            .env("WAYBILL_ALLOW_PRIVATE_WEBHOOKS", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if let Config::Postgres { url, .. } = config {
            command.arg("--database-url").arg(url);
        }
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("{} cannot be run", bench.waybill.display()))?;
        let mut server = Self { child, port, ready_after: Duration::ZERO };
        let ready = request("GET", "/readyz", "");
        while !Client::connect(port).and_then(|mut client| client.exchange(&ready)).is_ok_and(|answer| answer.0 == 200)
        {
            if began.elapsed() > PATIENCE || server.child.try_wait()?.is_some() {
                bail!("the server did not start: {}", fs::read_to_string(data.join("server.log"))?);
            }
            thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = began.elapsed();
        Ok(server)
    }

    /// The process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Runs `work` and tells which part of the processor time of this process and the server was this process's.
    pub(crate) fn sharing<T>(&self, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
        let own = std::process::id();
        let before = (ticks(own)?, ticks(self.process())?);
        let value = work()?;
        let used = ((ticks(own)? - before.0) as f64, (ticks(self.process())? - before.1) as f64);
        Ok((value, used.0 / (used.0 + used.1).max(1.0)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM by the shell's own command: the standard library only knows SIGKILL.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// Where the server of this database keeps its files.
pub(crate) fn data_folder(bench: &Bench, config: &Config) -> PathBuf {
    match config {
        Config::Sqlite { path } => path.parent().map_or_else(|| bench.folder.clone(), Path::to_owned),
        Config::Postgres { url, .. } => bench.folder.join(url.rsplit('/').next().unwrap_or("data")),
    }
}
