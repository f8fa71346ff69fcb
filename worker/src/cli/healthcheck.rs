//! `worker healthcheck`

use std::{process::ExitCode, time::Duration};

use shared::{
    cli::{Exit, Failure},
    config::{Env, settings::OPS_ADDR},
};

const EXAMPLES: &str = "\
Examples:
  worker healthcheck                    does the worker answer?
  worker healthcheck --ready            is the worker ready? Prints what it waits for

Exit codes: 0 yes, 69 no.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Check that the worker is ready (database, broker, migrations) instead of that it answers
    #[arg(long)]
    ready: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let address = env.text(&OPS_ADDR);
    env.finish(())?;
    let path = if arguments.ready { "readyz" } else { "livez" };
    shared::amqp::install_crypto();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = client.map_err(Failure::unexpected)?;
    let answer = client.get(format!("http://{address}/{path}")).send().await;
    let answer = answer.map_err(|_| {
        Failure::unreachable(format!(
            "no worker answers on {address}: start `worker run`, or correct OPS_ADDR"
        ))
    })?;
    let status = answer.status();
    print!("{}", answer.text().await.unwrap_or_default());
    Ok(if status.is_success() { ExitCode::SUCCESS } else { Exit::Unreachable.into() })
}
