//! What each command does.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use app::rotation::{self, Standing};
use app::{App, Random};
use clap::CommandFactory as _;
use domain::{Error, Problem};
use store::Store;
use store::blobs::Blobs;
use store::installation::KeyChecks;

use crate::cli::{Cli, Command, Export, Import, Place};
use crate::config::{self, Flags, Settings};
use crate::{demo, serve, telemetry, wire};

mod acts;
mod backup;
mod import;
mod keys;
mod rotate_key;

/// Runs a command to its end.
pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo::run(&demo).await.map(|()| ExitCode::SUCCESS),
        Command::Serve(flags) => {
            let settings = Settings::load(&Flags::from(&flags))?;
            telemetry::start(&settings)?;
            serve::run(&settings).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Apply(flags) => {
            let app = open(&flags.place).await?;
            let applied = apply(&app, &flags.file).await;
            app.store().close().await;
            println!("{}", applied?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(key) => keys::run(key).await,
        Command::RotateKey(flags) => rotate_key::run(&flags.place).await,
        Command::Migrate(flags) => {
            let settings = Settings::load(&Flags::from(&flags.place))?;
            telemetry::start(&settings)?;
            std::fs::create_dir_all(&settings.data)?;
            Store::open(&wire::store_config(&settings)).await?.close().await;
            println!("The database has this version's shape.");
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(flags) => {
            let settings = Settings::load(&Flags::from(&flags.place))?;
            telemetry::start(&settings)?;
            Ok(doctor(&settings).await)
        }
        Command::Backup(flags) => backup::run(&flags).await,
        Command::Import(Import::Orders(flags)) => import::orders(&flags).await,
        Command::Export(Export::Acts(flags)) => acts::acts(&flags).await,
        Command::Erase(flags) => acts::erase(&flags).await,
        Command::Completions(asked) => {
            clap_complete::generate(asked.shell, &mut Cli::command(), "waybill", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Man(asked) => {
            std::fs::create_dir_all(&asked.folder)?;
            clap_mangen::generate_to(Cli::command(), &asked.folder)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::OpenApi(asked) => {
            std::io::stdout().write_all(asked.document.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The application of a command that is not `serve`.
async fn open(place: &Place) -> anyhow::Result<App> {
    let settings = Settings::load(&Flags::from(place))?;
    telemetry::start(&settings)?;
    wire::open(&settings, settings.base_url(settings.listen)).await
}

/// An error of a verb, every problem on a line of its own.
fn readable(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(problems) => anyhow::anyhow!("{}", lines(&problems)),
        error => error.into(),
    }
}

fn lines(problems: &[Problem]) -> String {
    let count = problems.len();
    let heading = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    let line = |problem: &Problem| format!("\n  {}: {}", problem.path, problem.message);
    format!("{heading}:{}", problems.iter().map(line).collect::<String>())
}

/// Reads a setup file and makes what it names so. Says in one line what changed, and in further ones where it is
/// behind what was done since.
pub(crate) async fn apply(app: &App, file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let files =
        |name: &str| std::fs::read(folder.join(name)).map_err(|error| format!("{name} cannot be read: {error}"));
    let setup = app::setup::file::read(&text, &files, &config::environment, app.connectors())
        .map_err(|problems| anyhow::anyhow!("{} has {}", file.display(), lines(&problems)))?;
    let applied = app.apply(setup).await.map_err(readable)?;
    let changes: Vec<_> = applied.changes.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let mut text = match changes.as_slice() {
        [] => format!("{}: nothing to change, everything stands so already", file.display()),
        changes => format!("{}: changed {}", file.display(), changes.join(", ")),
    };
    for note in &applied.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    Ok(text)
}

/// Where the installation's key is from, once it is sure that it reads what is stored.
fn key(settings: &Settings, checks: Option<&KeyChecks>) -> Result<String, String> {
    let path = settings.key_file.clone().unwrap_or_else(|| settings.data.join("waybill.key"));
    let found = match (&settings.key, path.exists()) {
        (Some(_), _) => "from the setting".to_owned(),
        (None, true) => path.display().to_string(),
        (None, false) => {
            let text = "is missing: `waybill serve` makes it, or copy it from another node";
            return Err(format!("{} {text}", path.display()));
        }
    };
    let Some(checks) = checks else { return Ok(found) };
    let vault = wire::vault(settings, &Random::System).map_err(|error| format!("{error:#}"))?;
    match rotation::standing(&vault, checks).map_err(|error| error.to_string())? {
        Standing::Settled => Ok(found),
        Standing::Begins | Standing::UnderWay => {
            Ok(format!("{found}, and the previous one: run `waybill rotate-key` to end with one"))
        }
    }
}

/// Looks whether everything is in place and says how to mend what is not.
async fn doctor(settings: &Settings) -> ExitCode {
    let mut is_well = true;
    let mut tell = |what: &str, found: Result<String, String>| match found {
        Ok(text) => println!("ok    {what}: {text}"),
        Err(text) => {
            is_well = false;
            println!("FAIL  {what}: {text}");
        }
    };
    let is_embedded = settings.database_url.is_none();
    let mut checks = None;
    if is_embedded && !settings.data.join("waybill.db").exists() {
        let text = format!("{} holds no database yet: run `waybill serve`", settings.data.display());
        tell("database", Err(text));
    } else {
        let opened = Store::open(&wire::store_config(settings)).await;
        match opened {
            Ok(store) => {
                let found = store.read(async |tx| Ok((tx.tenants().await?.len(), tx.key_checks().await?))).await;
                let tenants = found.map(|(tenants, kept)| {
                    checks = kept;
                    format!("{tenants} tenants")
                });
                tell("database", tenants.map_err(|error| error.to_string()));
                store.close().await;
            }
            Err(error) => tell("database", Err(format!("{error}"))),
        }
    }
    let blobs = wire::blob_config(settings);
    tell("documents", Blobs::open(&blobs).map(|_| format!("{blobs:?}")).map_err(|error| error.to_string()));
    tell("key", key(settings, checks.as_ref()));
    let hint =
        if settings.allow_private_webhooks { "private addresses too" } else { "https and public addresses only" };
    tell("webhooks", Ok(hint.to_owned()));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
