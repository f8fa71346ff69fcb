//! Follows outcomes: those of the canary until it has a result, and with `--watch` those of the run to the end.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use producer::cli::{Failure, repeat};
use uuid::Uuid;

use crate::{
    context::Context,
    outcomes::{self, Canary, CanaryResult, Outcome, OutcomeStats},
    progress::{Phase, ProgressReporter},
};

const CANARY_EVERY: Duration = Duration::from_secs(1);
const RUN_EVERY: Duration = Duration::from_secs(2);
/// Counting a million users takes Postgres seconds. The counts take at most a tenth of the time.
const PART_OF_TIME: u32 = 9;

/// Waits for the result of the canary of `run`, whose users end at `cursor`. None if a signal stops the command.
pub(crate) async fn canary_result(
    context: &Context,
    run: Uuid,
    cursor: &str,
    canary: &Canary,
) -> Result<Option<(CanaryResult, OutcomeStats)>, Failure> {
    let now = Utc::now();
    let (deadline, window) = (deadline(context, now), &context.settings.window);
    if !window.contains(now) && !context.args.showing.no_progress {
        eprintln!("canary: the worker continues at {}; waiting", window.local(window.next_opening(now)));
    }
    let mut reporter: Option<ProgressReporter> = None;
    loop {
        let outcomes = repeat(|| outcomes::of_run(&context.pool, run, cursor)).await?;
        let stats = OutcomeStats::of(&outcomes);
        let time_is_over = deadline.is_some_and(|deadline| Utc::now() >= deadline);
        let result = canary.result(&stats, time_is_over);
        if result != CanaryResult::Open {
            return Ok(Some((result, stats)));
        }
        let showing = context.args.showing;
        reporter
            .get_or_insert_with(|| ProgressReporter::new(Phase::Canary, stats.users(), showing))
            .outcomes(stats);
        tokio::select! {
            () = context.stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(CANARY_EVERY) => {}
        }
    }
}

/// The end of the wait. Only time while the window is open counts, since the worker sends only then.
fn deadline(context: &Context, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = context.args.safety.canary_wait.as_secs();
    context.settings.window.time_needed(wait, 1, now).map(|wait| now + wait)
}

/// The outcomes of the run, and whether all are final. They are not if a signal stops the command.
pub(crate) async fn follow(
    context: &Context,
    run: Uuid,
    cursor: &str,
) -> Result<(Vec<Outcome>, bool), Failure> {
    let mut reporter: Option<ProgressReporter> = None;
    loop {
        let asked = Instant::now();
        let outcomes = repeat(|| outcomes::of_run(&context.pool, run, cursor)).await?;
        let took = asked.elapsed();
        let stats = OutcomeStats::of(&outcomes);
        if stats.settled() == stats.users() {
            return Ok((outcomes, true));
        }
        let showing = context.args.showing;
        reporter
            .get_or_insert_with(|| ProgressReporter::new(Phase::Watching, stats.users(), showing))
            .outcomes(stats);
        tokio::select! {
            () = context.stop.cancelled() => return Ok((outcomes, false)),
            () = tokio::time::sleep(RUN_EVERY.max(took * PART_OF_TIME)) => {}
        }
    }
}
