//! Follows outcomes: those of the canary until it is decided, and with `--watch` those of the run to the end.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use producer::cli::{Failure, repeat};
use uuid::Uuid;

use crate::{
    context::Context,
    outcomes::{self, Canary, Outcome, Tally, Verdict},
    progress::{Phase, Teller},
};

const CANARY_EVERY: Duration = Duration::from_secs(1);
const RUN_EVERY: Duration = Duration::from_secs(2);
/// Counting a million users takes Postgres seconds: at most a tenth of its time is ours.
const PART_OF_TIME: u32 = 9;

/// Waits until the canary of `run`, whose users end at `cursor`, is well or ill. None: told to stop meanwhile.
pub(crate) async fn canary_verdict(
    context: &Context,
    run: Uuid,
    cursor: &str,
    canary: &Canary,
) -> Result<Option<(Verdict, Tally)>, Failure> {
    let now = Utc::now();
    let (deadline, window) = (deadline(context, now), &context.settings.window);
    if !window.contains(now) && !context.args.showing.no_progress {
        eprintln!("canary: the worker goes on at {}; waiting", window.local(window.next_opening(now)));
    }
    let mut teller: Option<Teller> = None;
    loop {
        let outcomes = repeat(|| outcomes::of_run(&context.pool, run, cursor)).await?;
        let tally = Tally::of(&outcomes);
        let time_is_over = deadline.is_some_and(|deadline| Utc::now() >= deadline);
        let verdict = canary.judge(&tally, time_is_over);
        if verdict != Verdict::Open {
            return Ok(Some((verdict, tally)));
        }
        let showing = context.args.showing;
        teller.get_or_insert_with(|| Teller::new(Phase::Canary, tally.users(), showing)).outcomes(tally);
        tokio::select! {
            () = context.stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(CANARY_EVERY) => {}
        }
    }
}

/// The worker sends only while the window is open, and only that time counts.
fn deadline(context: &Context, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = context.args.safety.canary_wait.as_secs();
    context.settings.window.time_needed(wait, 1, now).map(|wait| now + wait)
}

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
            () = tokio::time::sleep(RUN_EVERY.max(took * PART_OF_TIME)) => {}
        }
    }
}
