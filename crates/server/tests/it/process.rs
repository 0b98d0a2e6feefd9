//! A `waybill serve` of its own for a test.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use store::testing::{Engine, TestStore};
use testkit::{RATES, SETUP};

/// What the servers of a folder log.
const LOG: &str = "serve.log";

/// The binary under test, with a clean environment.
pub fn waybill(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.env_clear().current_dir(folder);
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    waybill(folder).args(arguments).output().unwrap()
}

/// A folder with a setup file and a rate sheet, and a database.
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    database: Option<TestStore>,
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Place {
    /// A fresh one.
    pub async fn new(engine: Engine, name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("waybill-it-{name}-{engine:?}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("setup.toml"), SETUP).unwrap();
        std::fs::write(folder.join("rates.csv"), RATES).unwrap();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(TestStore::new(engine).await),
        };
        Self { folder, database }
    }

    /// What tells a command where this database is.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--data".to_owned(), "data".to_owned()];
        if let Some(store::Config::Postgres { url, .. }) = self.database.as_ref().map(|store| &store.config) {
            flags.extend(["--database-url".to_owned(), url.clone()]);
        }
        flags
    }

    /// How to open this database without a server.
    pub fn config(&self) -> store::Config {
        match &self.database {
            Some(database) => database.config.clone(),
            None => store::Config::Sqlite { path: self.folder.join("data/waybill.db") },
        }
    }

    /// Starts a server here and waits until it answers.
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same, with variables in its environment.
    pub fn serve_with(&self, env: &[(&str, &str)]) -> Server {
        self.start(env, &["--setup", "setup.toml"])
    }

    /// Starts a server with these flags beside those of the place.
    pub fn serve_flags(&self, flags: &[&str]) -> Server {
        self.start(&[], flags)
    }

    fn start(&self, env: &[(&str, &str)], flags: &[&str]) -> Server {
        let mut command = waybill(&self.folder);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(self.flags()).args(flags);
        let log = File::options().create(true).append(true).open(self.folder.join(LOG)).unwrap();
        let mut child = command.envs(env.iter().copied()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = Vec::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("Waybill answers on ") {
                return Server { url: url.to_owned(), child };
            }
            said.push(line);
        }
        child.wait().unwrap();
        panic!("the server did not start: {said:?} {}", self.log());
    }

    /// What the servers here have logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join(LOG)).unwrap()).into_owned()
    }
}

/// A running server; killed when it is dropped.
pub struct Server {
    /// Where it answers.
    pub url: String,
    child: Child,
}

impl Server {
    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A client for loopback.
pub fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    app::guard::client(true).unwrap()
}
