//! Resolves unknown outcomes by asking Twilio for the messages to that number. A hit proves the send; a miss
//! proves nothing, for the list lags (Twilio's list is not read-your-writes).

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use shared::db::sqlstate;
use tokio_util::sync::CancellationToken;

use crate::{
    config::UnknownPolicy,
    health::Health,
    store::unknown::{self, Doubt},
    twilio::{MessageRecord, Sender},
    worker::Worker,
};

/// Attempts asked about in one round.
const BATCH: i64 = 20;
/// Pages of 50 messages; nobody gets more than a few from us.
const PAGES: usize = 4;
/// A message may seem older than its claim by this much of clock difference.
const CLOCK_SLACK: chrono::Duration = chrono::Duration::seconds(60);

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

async fn round(worker: &Worker, hold: Duration) -> Result<(), sqlx::Error> {
    for doubt in unknown::take(&worker.pool, hold, BATCH).await? {
        resolve(worker, &doubt).await?;
    }
    Ok(())
}

async fn resolve(worker: &Worker, doubt: &Doubt) -> Result<(), sqlx::Error> {
    let listed = match worker.client.list_messages_to(&doubt.phone_e164, PAGES).await {
        Ok(listed) => listed,
        Err(fault) => {
            // Nothing was learned, so nothing is counted; the hold on the row is the delay.
            tracing::warn!(attempt = %doubt.message_id, %fault, "unknown outcome: Twilio gave no answer");
            return Ok(());
        }
    };
    let candidates: Vec<&MessageRecord> =
        listed.iter().filter(|r| is_ours(r, doubt, &worker.sender)).collect();
    let sids: Vec<String> =
        candidates.iter().filter_map(|r| r.sid.as_ref().map(ToString::to_string)).collect();
    let taken = unknown::taken_sids(&worker.pool, &doubt.phone_e164, &sids).await?;
    let free = candidates
        .into_iter()
        .find(|r| r.sid.as_ref().is_some_and(|s| !taken.iter().any(|t| t == s.as_str())));
    match free {
        Some(record) => adopt(worker, doubt, record).await,
        None => miss(worker, doubt).await,
    }
}

/// Same text, same sender, and not older than the claim.
fn is_ours(record: &MessageRecord, doubt: &Doubt, sender: &Sender) -> bool {
    let text = record.body.as_ref().is_some_and(|b| Sha256::digest(b).as_slice() == doubt.body_sha256);
    let from = match sender {
        Sender::Service(sid) => record.messaging_service_sid.as_ref() == Some(sid),
        Sender::From(from) => record.from.as_ref() == Some(from),
    };
    text && from && record.date_created.is_some_and(|at| at >= doubt.claimed_at - CLOCK_SLACK)
}

async fn adopt(worker: &Worker, doubt: &Doubt, record: &MessageRecord) -> Result<(), sqlx::Error> {
    let (Some(sid), Some(status)) = (&record.sid, &record.status) else { return Ok(()) };
    let code = record.error_code.and_then(|c| i32::try_from(c).ok());
    let rank = i16::from(status.rank());
    let adopted =
        unknown::adopt(&worker.pool, doubt.message_id, sid.as_str(), status.as_str(), rank, code).await?;
    if adopted {
        count("found");
        tracing::info!(user_id = doubt.user_id, attempt = %doubt.message_id, %sid, "unknown outcome: found at Twilio");
    }
    Ok(())
}

async fn miss(worker: &Worker, doubt: &Doubt) -> Result<(), sqlx::Error> {
    count("absent");
    let checks = &worker.config.timing.unknown_checks;
    let made = usize::try_from(doubt.checks).unwrap_or(0) + 1;
    if let Some(next) = checks.get(made) {
        return unknown::missed(&worker.pool, doubt.message_id, *next).await;
    }
    if worker.config.timing.unknown_policy == UnknownPolicy::ResendOnce
        && unknown::free_once(&worker.pool, doubt.message_id).await?
    {
        tracing::warn!(user_id = doubt.user_id, attempt = %doubt.message_id, "unknown outcome: one more attempt");
        return Ok(());
    }
    count("undecided");
    tracing::warn!(user_id = doubt.user_id, attempt = %doubt.message_id, "unknown outcome: parked for a person");
    unknown::park(&worker.pool, doubt.message_id).await
}

fn count(result: &'static str) {
    metrics::counter!("onboarding_reconciliations_total", "result" => result).increment(1);
}
