//! `worker reopen`: one more attempt, by a person's decision.

use std::process::ExitCode;

use shared::{config::Env, reason::Reason};

use super::open;
use crate::{exit::Failure, store::reopen};

#[derive(Debug, clap::Args)]
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
        println!("{} users would get one more attempt; nothing was changed", users.len());
        return Ok(ExitCode::SUCCESS);
    }
    let actor = open::actor(arguments.actor.as_deref());
    let done =
        reopen::reopen(&pool, &users, &reason, &actor, &arguments.because).await.map_err(open::failed)?;
    println!("{done} users get one more attempt");
    Ok(ExitCode::SUCCESS)
}
