//! `worker dead drop`

use std::process::ExitCode;

use shared::config::Env;

use super::{
    filter::Filter,
    safety::Safety,
    touched::{Touched, letters},
};
use crate::{
    cli::{
        ask,
        exit::{Failure, INTERRUPTED, SOME_FAILED},
        open,
    },
    store::dead_letters::settle,
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
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    safety: Safety,
    /// Only count
    #[arg(long, short = 'n', help_heading = "Safety")]
    dry_run: bool,
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
        && !arguments.safety.yes
        && !ask::confirmed(&format!("Empty {all} ({by_reason}) for good?"), &deed)?
    {
        println!("nothing was changed");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let actor = arguments.safety.actor();
    let verdict = arguments.safety.verdict(&actor);
    let mut dropped = 0;
    for ids in touched.ids.chunks(CHUNK) {
        dropped += settle::drop(&pool, ids, &verdict).await.map_err(open::failed)?;
    }
    println!("{} dropped", letters(dropped));
    Ok(code)
}
