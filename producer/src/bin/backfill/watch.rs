//! `--watch`: follows the outcomes of a run to the end.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use producer::cli::{Failure, repeat};
use uuid::Uuid;

use crate::{
    context::Context,
    standing::Tally,
    store::outcomes::{self, Outcome},
    teller::{Phase, Teller},
};

const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Counting a million users takes Postgres seconds: at most a tenth of its time is ours.
const PART_OF_TIME: u32 = 9;

/// How the run stands once each outcome is final, or when told to stop; the latter as `false`.
pub(crate) async fn follow(
    context: &Context,
    run: Uuid,
    cursor: &str,
) -> Result<(Vec<Outcome>, bool), Failure> {
    let mut teller: Option<Teller> = None;
    loop {
        let asked = Instant::now();
        let outcomes = repeat(|| outcomes::of_run(&context.pool, run, cursor)).await?;
        let took = asked.elapsed();
        let tally = Tally::of(&outcomes);
        if tally.settled() == tally.users() {
            return Ok((outcomes, true));
        }
        let showing = context.args.showing;
        teller.get_or_insert_with(|| Teller::new(Phase::Watching, tally.users(), showing)).outcomes(tally);
        tokio::select! {
            () = context.stop.cancelled() => return Ok((outcomes, false)),
            () = tokio::time::sleep(LOOK_AGAIN.max(took * PART_OF_TIME)) => {}
        }
    }
}

/// As `worker stats` shows them.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    // Err, here and below: writing to a String cannot fail.
    let _ = writeln!(text, "{:<11} {:<14} {:<18} {:>9}", "state", "welcome", "reason", "users");
    for Outcome { state, welcome, reason, users } in outcomes {
        let reason = reason.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{state:<11} {welcome:<14} {reason:<18} {users:>9}");
    }
    let all: u64 = outcomes.iter().map(|outcome| outcome.users).sum();
    let _ = write!(text, "{:<45} {all:>9}", "all");
    text
}
