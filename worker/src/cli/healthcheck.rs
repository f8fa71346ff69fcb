//! `worker healthcheck`

use std::{process::ExitCode, time::Duration};

use shared::config::{Env, settings::OPS_ADDR};

use crate::cli::exit::{Failure, UNREACHABLE};

const EXAMPLES: &str = "\
Examples:
  worker healthcheck                    does it answer?
  worker healthcheck --ready            is it ready for work? Prints what it waits for

Exit codes: 0 yes, 69 no.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Ask whether it is ready (database, broker, migrations) instead of whether it lives
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
    let client = client.map_err(|e| Failure::new(1, e))?;
    let answer = client.get(format!("http://{address}/{path}")).send().await;
    let answer = answer.map_err(|_| Failure::new(UNREACHABLE, format!("no worker answers on {address}")))?;
    let status = answer.status();
    print!("{}", answer.text().await.unwrap_or_default());
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::from(UNREACHABLE) })
}
