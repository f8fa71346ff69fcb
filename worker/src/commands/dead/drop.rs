//! `worker dead drop`

use std::process::ExitCode;

use shared::config::Env;

use super::{
    filter::Filter,
    touched::{Touched, letters},
};
use crate::{
    commands::{ask, open},
    exit::{Failure, INTERRUPTED, SOME_FAILED},
    store::dead_letters::settle::{self, Verdict},
};

const EXAMPLES: &str = "\
Examples:
  worker dead drop 7 --because 'a test of the portal'
  worker dead drop --reason malformed --until 2026-11-25 --dry-run
  worker dead drop --reason malformed --yes --because 'signed up again, all of them'

What they say is emptied and cannot be brought back; the rows stay. The same body that comes again is open again.";

/// Rows of one statement.
const CHUNK: usize = 1_000;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    /// Why; kept in the audit log
    #[arg(long, required_unless_present = "dry_run", help_heading = "Safety")]
    because: Option<String>,
    /// Who decided [default: the login name]
    #[arg(long, help_heading = "Safety")]
    actor: Option<String>,
    /// Only count
    #[arg(long, short = 'n', help_heading = "Safety")]
    dry_run: bool,
    /// Do not ask, even if it is more than one
    #[arg(long, short, help_heading = "Safety")]
    yes: bool,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let wanted = arguments.filter.selection()?;
    let pool = open::database(Env::of_process()).await?;
    let touched = Touched::find(&pool, &wanted).await?;
    let code = ExitCode::from(if touched.missing == 0 { 0 } else { SOME_FAILED });
    let (all, by_reason) = (letters(touched.ids.len()), &touched.by_reason);
    if touched.ids.is_empty() {
        println!("no open dead letter matches: nothing was changed");
        return Ok(code);
    }
    if arguments.dry_run {
        println!("{all} would be dropped ({by_reason}); nothing was changed");
        return Ok(code);
    }
    let deed = format!("this empties {all}");
    if touched.ids.len() > 1
        && !arguments.yes
        && !ask::confirmed(&format!("Empty {all} ({by_reason}) for good?"), &deed)?
    {
        println!("nothing was changed");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let actor = open::actor(arguments.actor.as_deref());
    let verdict = Verdict { actor: &actor, because: arguments.because.as_deref().unwrap_or_default() };
    let mut dropped = 0;
    for ids in touched.ids.chunks(CHUNK) {
        dropped += settle::drop(&pool, ids, &verdict).await.map_err(open::failed)?;
    }
    println!("{} dropped", letters(dropped));
    Ok(code)
}
