//! Probes of an open breaker: one waiting user's call finds out whether calls succeed again.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::Utc;
use futures::FutureExt;
use shared::{db::sqlstate, lane::Lane, telemetry::loggable};
use tokio_util::sync::CancellationToken;

use crate::{
    consumer::may_run,
    pipeline,
    store::breaker::{self, found_nobody, postpone},
    throttle::{ACCOUNT, Finding},
    twilio::Preflight,
    worker::Worker,
};

/// Between two looks at whether a probe is due.
const INTERVAL: Duration = Duration::from_millis(250);
/// Users who are tried in one probe, should there be nothing to send to the first ones, or their country be held back.
const TRIES: usize = 100;
/// So much later a user is tried again whose probe came to no end.
const POSTPONED: Duration = Duration::from_secs(60);

/// Probes until the worker stops. What the database does not tell is not probed: no call could be recorded either.
pub(crate) async fn run(worker: &Worker, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = step(worker).await {
            tracing::warn!(cause = sqlstate(&error), "no probe: the database failed");
        }
    }
}

/// One waiting user's call, if a probe is due and this worker wins it.
pub(crate) async fn step(worker: &Worker) -> Result<(), sqlx::Error> {
    let (pool, gate) = (&worker.pool, &worker.gate.breaker);
    let Some(scope) = gate.due() else { return Ok(()) };
    let (window, now) = (worker.config.backfill_window, Utc::now());
    let lanes: Vec<Lane> = Lane::ALL.into_iter().filter(|lane| may_run(*lane, &window, now)).collect();
    let mut next = breaker::longest_waiting(pool, &lanes).await?;
    if !gate.take_probe(pool, scope, next.is_some()).await? {
        return Ok(());
    }
    if scope == ACCOUNT
        && let Preflight::Refused { status, code } = worker.client.preflight().await
    {
        tracing::warn!(status, code, "breaker probe: Twilio refuses the account");
        return gate.conclude(pool, scope, Finding::Account).await;
    }
    for _ in 0..TRIES {
        let Some((user, lane)) = next.take() else { break };
        tracing::info!(scope, user_id = &*loggable(&user), "breaker probe: this user's call finds out");
        match AssertUnwindSafe(pipeline::probe(worker, &user, lane)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(scope, %error, "breaker probe: interrupted");
                if error.is_database() || error.is_stopping() {
                    break;
                }
            }
            Err(_) => tracing::error!(scope, user_id = &*loggable(&user), "breaker probe: panicked"),
        }
        if let Some(finding) = gate.finding() {
            return gate.conclude(pool, scope, finding).await;
        }
        next = breaker::longest_waiting(pool, &lanes).await?;
        // One user must not keep all others waiting, whatever is the matter with her data.
        if next.as_ref().is_some_and(|(same, _)| *same == user) {
            postpone(pool, &user, POSTPONED).await?;
            next = breaker::longest_waiting(pool, &lanes).await?;
        }
    }
    found_nobody(pool, scope).await
}
