//! `worker dead drop`

use std::process::ExitCode;

use shared::{
    cli::{Exit, Failure},
    config::Env,
};

use super::{
    change::Change,
    touched::{Touched, letters},
};
use crate::{cli::open, store::dead_letters::settle};

const EXAMPLES: &str = "\
Examples:
  worker dead drop 7 --reason 'a test of the portal'
  worker dead drop --cause malformed --until 2026-11-25 --dry-run
  worker dead drop --cause malformed --yes --reason 'signed up again, all of them'

The content of a dropped letter is deleted and cannot be restored; its row stays. If the same body arrives again, the
letter is open again.";

/// Rows of one statement.
const CHUNK: usize = 1_000;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    pub(in crate::cli) change: Change,
}

pub(super) async fn run(Arguments { change }: &Arguments) -> Result<ExitCode, Failure> {
    let decision = change.decide()?;
    let pool = open::database(Env::of_process()).await?;
    let touched = Touched::find(&pool, &decision.selection).await?;
    let exit = Exit::all_done(touched.missing == 0).into();
    let (all, by_cause) = (letters(touched.ids.len()), &touched.by_cause);
    if touched.ids.is_empty() {
        println!("no open dead letter matches: nothing was changed");
        return Ok(exit);
    }
    if change.dry_run {
        println!("{all} would be dropped ({by_cause}); nothing was changed");
        return Ok(exit);
    }
    let question = format!("Delete the content of {all} ({by_cause}) permanently?");
    if touched.ids.len() > 1 && !change.confirmation.given(&question, &format!("this empties {all}"))? {
        println!("nothing was changed");
        return Ok(Exit::Interrupted.into());
    }
    let mut dropped = 0;
    for ids in touched.ids.chunks(CHUNK) {
        dropped += settle::drop(&pool, ids, &decision.verdict()).await.map_err(Failure::statement)?;
    }
    println!("{} dropped", letters(dropped));
    Ok(exit)
}
