//! `waybill`: one server between shops and carriers.

mod cli;
mod commands;
mod config;
mod connections;
mod demo;
mod metrics;
mod serve;
mod shutdown;
mod telemetry;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for huge pages: they nearly double the memory of an idle server and make none faster.
    #[cfg(target_os = "linux")]
    _ = nix::sys::prctl::set_thp_disable(true);
    let cli = cli::Cli::parse();
    // The one TLS provider of the process; the first client would fail without it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("waybill: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(commands::run(cli.command));
    telemetry::end();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("waybill: {error:#}");
            ExitCode::FAILURE
        }
    }
}
