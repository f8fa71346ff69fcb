//! Resolves unknown outcomes by asking Twilio for the messages to that number. A hit proves the send; a miss
//! proves nothing, for the list lags (Twilio's list is not read-your-writes).

use std::{sync::Arc, time::Duration};

use shared::{db::sqlstate, telemetry::loggable};
use tokio_util::sync::CancellationToken;

use crate::{
    config::UnknownPolicy,
    health::Health,
    reconcile::evidence::{self, Evidence, NoEvidence},
    store::{
        attempts::Heap,
        unknown::{self, Adoption, Doubt, Freed},
    },
    twilio::Pace,
    worker::Worker,
};

/// Attempts asked about in one round.
const BATCH: i64 = 20;

/// Resolves until the worker stops. Any number of workers may do so.
pub(crate) async fn run(worker: Arc<Worker>, health: Arc<Health>, stop: CancellationToken) {
    let hold = worker.config.twilio.timeout * 2 + Duration::from_secs(5);
    while !stop.is_cancelled() {
        health.database_ready().await;
        if let Err(error) = round(&worker, hold).await {
            tracing::warn!(cause = sqlstate(&error), "unknown outcomes: not resolved yet");
        }
        tokio::select! {
            () = tokio::time::sleep(worker.config.timing.sweep_interval) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One look at what is due.
pub(crate) async fn round(worker: &Worker, hold: Duration) -> Result<(), sqlx::Error> {
    for heap in Heap::ALL {
        for doubt in unknown::take(&worker.pool, heap, hold, BATCH).await? {
            resolve(worker, &doubt).await?;
        }
    }
    Ok(())
}

async fn resolve(worker: &Worker, doubt: &Doubt) -> Result<(), sqlx::Error> {
    let pace = Pace::unlimited();
    match evidence::gather(&worker.pool, &worker.client, &worker.sender, doubt, &pace).await {
        Ok(Evidence::Found(message)) => adopt(worker, doubt, &message).await,
        Ok(Evidence::Absent) => miss(worker, doubt, worker.config.timing.unknown_policy).await,
        // The number may have its message: only a person may allow another one.
        Ok(Evidence::Several | Evidence::Other | Evidence::Incomplete) => {
            miss(worker, doubt, UnknownPolicy::Park).await
        }
        Err(NoEvidence::Database(error)) => Err(error),
        Err(NoEvidence::Twilio(fault)) => {
            // Nothing was learned, so nothing is counted; the hold on the row is the delay.
            tracing::warn!(attempt = %doubt.attempt, %fault, "unknown outcome: Twilio gave no answer");
            Ok(())
        }
    }
}

async fn adopt(worker: &Worker, doubt: &Doubt, message: &Adoption) -> Result<(), sqlx::Error> {
    let mut tx = worker.pool.begin().await?;
    let adopted = unknown::adopt(&mut tx, doubt.attempt, message).await?;
    tx.commit().await?;
    // Otherwise a definite answer came first: nothing is left to find out.
    if adopted {
        count("found");
        tracing::info!(user_id = &*loggable(&doubt.user_id), attempt = %doubt.attempt, sid = message.sid, "unknown outcome: found at Twilio");
    }
    Ok(())
}

/// Notes a check that found nothing. After the last one, `policy` says how it ends.
async fn miss(worker: &Worker, doubt: &Doubt, policy: UnknownPolicy) -> Result<(), sqlx::Error> {
    count("absent");
    let checks = &worker.config.timing.unknown_checks;
    let made = usize::try_from(doubt.checks).unwrap_or(0) + 1;
    if let Some(next) = checks.get(made) {
        return unknown::missed(&worker.pool, doubt.attempt, *next).await;
    }
    let freed = match policy {
        UnknownPolicy::ResendOnce if doubt.attempt.heap == Heap::Welcomes => {
            unknown::free_once(&worker.pool, doubt.attempt.attempt_id).await?
        }
        // Other kinds of messages are worth less than the risk of a second one.
        UnknownPolicy::ResendOnce | UnknownPolicy::Park => Freed::No,
    };
    match freed {
        Freed::Yes => {
            tracing::warn!(user_id = &*loggable(&doubt.user_id), attempt = %doubt.attempt, "unknown outcome: one more attempt");
            return Ok(());
        }
        Freed::ProvedSent => {
            tracing::info!(user_id = &*loggable(&doubt.user_id), attempt = %doubt.attempt, "unknown outcome: an earlier message of this number proved sent");
            return Ok(());
        }
        Freed::No => {}
    }
    count("undecided");
    tracing::warn!(user_id = &*loggable(&doubt.user_id), attempt = %doubt.attempt, "unknown outcome: parked for a person");
    unknown::park(&worker.pool, doubt.attempt).await
}

fn count(result: &'static str) {
    metrics::counter!("onboarding_reconciliations_total", "result" => result).increment(1);
}
