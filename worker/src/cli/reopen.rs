//! `worker reopen`: one more attempt, by a person's decision.

use std::process::ExitCode;

use shared::{config::Env, domain::Reason};

use super::open;
use crate::{cli::exit::Failure, store::reopen};

const EXAMPLES: &str = "\
Examples:
  worker reopen --reason error_30040 --dry-run
  worker reopen --reason error_30040 --because 'sender is registered now'

Never after `undelivered` or an unknown outcome: whoever may have been texted is not texted again.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Users whose end has this reason, such as `error_21612` or `retries_exhausted`
    #[arg(long)]
    reason: Reason,
    /// Why; kept in the audit log
    #[arg(long, default_value = "")]
    because: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
    /// Only count
    #[arg(long, short = 'n')]
    dry_run: bool,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let reason = arguments.reason.as_str();
    let users = reopen::candidates(&pool, &reason).await.map_err(open::failed)?;
    if arguments.dry_run {
        println!("one more attempt would be allowed for {}; nothing was changed", people(users.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let actor = open::actor(arguments.actor.as_deref());
    let done =
        reopen::reopen(&pool, &users, &reason, &actor, &arguments.because).await.map_err(open::failed)?;
    println!("one more attempt allowed for {}", people(done));
    Ok(ExitCode::SUCCESS)
}

fn people(n: usize) -> String {
    format!("{n} user{}", if n == 1 { "" } else { "s" })
}
