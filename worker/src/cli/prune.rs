//! `worker prune`: forgets what nobody needs any more, after the periods of the configuration.

use std::{process::ExitCode, time::Duration};

use shared::config::{Env, Setting, settings};

use super::open;
use crate::{
    cli::exit::Failure,
    store::prune::{self, Kind},
};

const EXAMPLES: &str = "\
Examples:
  worker prune --dry-run
  worker prune --reason 'the monthly run'";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only count
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Who decided, for the audit log [default: the login name]
    #[arg(long)]
    actor: Option<String>,
    /// Why; kept in the audit log
    #[arg(long, default_value = "")]
    reason: String,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let periods = Kind::ALL.map(|kind| (kind, env.duration(&setting(kind))));
    let pool = open::database(env).await?;
    let actor = open::actor(arguments.actor.as_deref());
    for (kind, period) in periods {
        println!("{}", prune(&pool, kind, period, arguments.dry_run, (&actor, &arguments.reason)).await?);
    }
    if arguments.dry_run {
        println!("nothing was changed");
    }
    Ok(ExitCode::SUCCESS)
}

async fn prune(
    pool: &sqlx::PgPool,
    kind: Kind,
    period: Duration,
    dry_run: bool,
    who_and_why: (&str, &str),
) -> Result<String, Failure> {
    let label = kind.label();
    if period.is_zero() {
        return Ok(format!("{label}: kept for ever ({} is 0)", setting(kind).name));
    }
    let rows = prune::prune(pool, kind, period, dry_run, who_and_why).await.map_err(open::failed)?;
    let would = if dry_run { "would be " } else { "" };
    Ok(format!("{label}: {rows} older than {} {would}forgotten", prune::in_words(period)))
}

fn setting(kind: Kind) -> Setting {
    match kind {
        Kind::DeliveryTries => settings::KEEP_DELIVERY_TRIES,
        Kind::StatusCallbacks => settings::KEEP_STATUS_CALLBACKS,
        Kind::DeadLetterBodies => settings::KEEP_DEAD_LETTER_BODIES,
        Kind::DailyBudget => settings::KEEP_DAILY_BUDGET,
        Kind::Messages => settings::KEEP_MESSAGES,
    }
}
