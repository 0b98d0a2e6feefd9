//! What each command does.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use app::App;
use clap::CommandFactory as _;
use domain::tenant::TenantId;
use domain::{Error, Problem};
use store::Store;

use crate::cli::{Cli, Command, Import, OrderFormat, Place};
use crate::config::{self, Flags, Settings};
use crate::{demo, serve, telemetry, wire};

mod backup;
mod doctor;
mod erase;
mod export;
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
            Ok(doctor::run(&settings).await)
        }
        Command::Backup(flags) => backup::run(&flags).await,
        Command::Import(Import::Orders(flags)) => import::orders(&flags).await,
        Command::Export(export) => export::run(export).await,
        Command::Erase(flags) => erase::run(&flags).await,
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

/// How a file is written: as was said, else as its name ends.
fn format(file: &Path, said: Option<OrderFormat>) -> anyhow::Result<OrderFormat> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match (said, ending.as_deref()) {
        (Some(format), _) => Ok(format),
        (None, Some("csv" | "tsv" | "txt")) => Ok(OrderFormat::Csv),
        (None, Some("jsonl" | "ndjson")) => Ok(OrderFormat::Jsonl),
        (None, _) => bail!("{}: say --format csv or --format jsonl", file.display()),
    }
}

/// The tenant that was named, or the only one there is.
async fn whose(app: &App, named: Option<&TenantId>) -> anyhow::Result<TenantId> {
    let tenants = app.store().read(async |tx| tx.tenants().await).await?;
    let ids: Vec<_> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    let list = ids.iter().map(TenantId::as_str).collect::<Vec<_>>().join(", ");
    match (named, ids.as_slice()) {
        (Some(named), ids) if ids.contains(named) => Ok(named.clone()),
        (_, []) => bail!("there is no tenant yet: run `waybill serve` or `waybill apply` first"),
        (Some(named), _) => bail!("--tenant {named}: there is no such tenant; there are: {list}"),
        (None, [only]) => Ok(only.clone()),
        (None, _) => bail!("name the tenant with --tenant; there are: {list}"),
    }
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
    let files = |name: &str| {
        std::fs::read_to_string(folder.join(name)).map_err(|error| format!("{name} cannot be read: {error}"))
    };
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
