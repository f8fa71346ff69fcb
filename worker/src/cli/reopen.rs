//! `worker reopen`: one more attempt, decided by an operator.

use std::process::ExitCode;

use shared::{
    cli::{Actor, Failure},
    config::Env,
    domain::Reason,
};

use super::{
    cause::{Meaning, Typed},
    open,
};
use crate::store::reopen;

const EXAMPLES: &str = "\
Examples:
  worker reopen --cause error_30040 --dry-run
  worker reopen --cause error_30040 --reason 'sender is registered now'

Users with an `undelivered` or unknown outcome are never reopened, because they may have got a message.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only users whose outcome has this code, such as `error_21612` or `retries_exhausted`; required
    #[arg(long, value_name = "CODE")]
    cause: Option<String>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The older spelling of `--reason`
    #[arg(long, value_name = "TEXT", hide = true)]
    because: Option<String>,
    #[command(flatten)]
    actor: Actor,
    /// Change nothing; count the users
    #[arg(long, short = 'n')]
    dry_run: bool,
}

impl Arguments {
    /// The options, and the code as one that exists.
    pub(super) fn meaning(&self) -> Result<(Reason, Meaning<'_>), Failure> {
        let Self { cause, reason, because, .. } = self;
        let typed = Typed { cause: cause.as_deref(), reason: reason.as_deref(), because: because.as_deref() };
        let meaning = typed.meaning()?;
        let code = meaning.cause.ok_or_else(|| {
            Failure::usage(
                "--cause is missing: give the code of the users' outcome, such as error_21612. \
                 --reason is the justification for the audit log",
            )
        })?;
        let code = code.parse().map_err(|error| {
            Failure::usage(format!("--cause: {error}. `worker stats` shows the codes of this database"))
        })?;
        Ok((code, meaning))
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (code, meaning) = arguments.meaning()?;
    meaning.give_notice();
    let pool = open::database(Env::of_process()).await?;
    let code = code.as_str();
    let users = reopen::candidates(&pool, &code).await.map_err(Failure::statement)?;
    if arguments.dry_run {
        println!("one more attempt would be allowed for {}; nothing was changed", people(users.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let (actor, reason) = (arguments.actor.name(), meaning.reason.unwrap_or_default());
    let done = reopen::reopen(&pool, &users, &code, &actor, reason).await.map_err(Failure::statement)?;
    println!("one more attempt allowed for {}", people(done));
    Ok(ExitCode::SUCCESS)
}

fn people(n: usize) -> String {
    format!("{n} user{}", if n == 1 { "" } else { "s" })
}
