//! Telemetry: what the process tells about itself, one line an event, on the standard error stream.

#[cfg(feature = "otlp")]
mod otlp;

use std::io::IsTerminal as _;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

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

/// Starts logging, and tracing where the settings and the build have it. Once a process; a second call is an error.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = filter(settings)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.with_ansi(false).json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otlp")]
    let started = started.with(settings.otlp_endpoint.as_deref().map(otlp::layer).transpose()?);
    started.try_init().map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}

/// Makes a request's span part of the trace that the caller began, in a build that traces.
pub fn adopt(span: &tracing::Span, headers: &http::HeaderMap) {
    #[cfg(feature = "otlp")]
    otlp::adopt(span, headers);
    #[cfg(not(feature = "otlp"))]
    let _ = (span, headers);
}

/// Ends what [`start`] began: what is left of the traces is sent. Outside the runtime's own threads, which send it.
pub fn end() {
    #[cfg(feature = "otlp")]
    otlp::end();
}
