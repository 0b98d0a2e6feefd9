//! A copy of the database as it was at one instant, taken beside whoever uses it.

use std::path::Path;
use std::process::Command;

use domain::{Error, Result};
use rusqlite::OpenFlags;
use tokio_postgres::config::{Host, SslMode};

use crate::Config;

impl Config {
    /// What a copy of the database is called: the embedded one is a database file, PostgreSQL's an archive for `pg_restore`.
    pub fn copy_name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "waybill.db",
            Self::Postgres { .. } => "waybill.dump",
        }
    }

    /// Copies the database into a new file, with everything that was committed when it began. Writers go on meanwhile.
    ///
    /// Of PostgreSQL the copy is made by `pg_dump`, which must be on this machine and no older than the server.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        let (config, file) = (self.clone(), file.to_owned());
        let copy = move || match config {
            Self::Sqlite { path } => copy_sqlite(&path, &file),
            Self::Postgres { url, .. } => dump_postgres(&url, &file),
        };
        tokio::task::spawn_blocking(copy).await.map_err(Error::internal)?
    }
}

fn unwritten(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Unavailable(format!("the copy {} cannot be written: {error}", file.display()))
}

fn copy_sqlite(path: &Path, file: &Path) -> Result<()> {
    let target = file.to_str().ok_or_else(|| Error::invalid("DIR", "expected a path in UTF-8"))?;
    let sqlite = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| Error::Unavailable(format!("{} cannot be opened: {error}", path.display())))?;
    sqlite.execute("vacuum into ?1", [target]).map_err(|error| unwritten(file, &error))?;
    std::fs::File::open(file).and_then(|file| file.sync_all()).map_err(|error| unwritten(file, &error))
}

/// The password goes by the environment, since anybody on the machine can read an argument.
fn dump_postgres(url: &str, file: &Path) -> Result<()> {
    let config: tokio_postgres::Config = url.parse().map_err(|_| Error::invalid("database_url", "it is no URL"))?;
    let mut dump = Command::new("pg_dump");
    dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password", "--file"]).arg(file);
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let port = config.get_ports().first().map(u16::to_string);
    let password = config.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
    let is_sure = matches!(config.get_ssl_mode(), SslMode::Require);
    let variables = [
        ("PGHOST", host),
        ("PGPORT", port),
        ("PGUSER", config.get_user().map(str::to_owned)),
        ("PGPASSWORD", password),
        ("PGDATABASE", config.get_dbname().map(str::to_owned)),
        ("PGSSLMODE", is_sure.then(|| "require".to_owned())),
    ];
    dump.envs(variables.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let said = dump.output().map_err(|error| {
        Error::Unavailable(format!(
            "pg_dump cannot be run: {error}; install PostgreSQL's client programs, no older than the server"
        ))
    })?;
    if said.status.success() {
        return std::fs::File::open(file).and_then(|file| file.sync_all()).map_err(|error| unwritten(file, &error));
    }
    let words = String::from_utf8_lossy(&said.stderr);
    Err(Error::Unavailable(format!("pg_dump did not end well: {}", words.trim())))
}
