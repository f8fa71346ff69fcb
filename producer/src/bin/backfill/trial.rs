//! Waits for the outcomes of the canary.

use std::time::Duration;

use chrono::{DateTime, Utc};
use producer::cli::{Failure, repeat};
use uuid::Uuid;

use crate::{
    canary::{Canary, Verdict},
    context::Context,
    standing::Tally,
    store::outcomes,
    teller::{Phase, Teller},
};

const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits until the canary of `run`, whose users end at `cursor`, is well or ill. None: told to stop meanwhile.
pub(crate) async fn judge(
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
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// The worker sends only while the window is open, and only that time counts.
fn deadline(context: &Context, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = context.args.safety.canary_wait.as_secs();
    context.settings.window.time_needed(wait, 1, now).map(|wait| now + wait)
}
