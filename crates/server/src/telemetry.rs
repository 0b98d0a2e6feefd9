//! Telemetry: what the process tells about itself, one line an event, on the standard error stream.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, Settings};

/// Libraries that print headers, bodies or statements when they are asked for more than this.
const QUIET: [&str; 8] = [
    "h2=info",
    "hyper=info",
    "hyper_util=info",
    "object_store=info",
    "postgres=info",
    "reqwest=info",
    "rustls=info",
    "tokio_postgres=info",
];

/// The filter the settings ask for, except that a library which would print secrets stays quiet.
fn filter(settings: &Settings) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(&settings.log)?;
    if filter.max_level_hint().is_none_or(|most| most > LevelFilter::INFO) {
        for directive in QUIET {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    Ok(filter)
}

/// Starts logging as the settings say. Once a process; a second call is an error.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = filter(settings)?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
