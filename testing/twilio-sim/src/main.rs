//! `twilio-sim`: the simulator as a process.

mod args;

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use twilio_sim::Simulator;

use args::Args;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(std::io::stderr)
        .init();
    let simulator = Simulator::start(Args::parse().into_options())?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "twilio-sim listening on {}", simulator.url()).context("stdout")?;
    stdout.flush().context("stdout")?;
    wait_for_signal()
}

/// Returns on SIGTERM or SIGINT.
fn wait_for_signal() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}
