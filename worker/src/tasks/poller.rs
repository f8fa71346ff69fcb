//! Asks Twilio for the status of accepted messages whose callbacks do not arrive, slowly and for a day.

use std::{sync::Arc, time::Duration};

use shared::db::sqlstate;
use tokio_util::sync::CancellationToken;

use crate::{
    health::Health,
    reconcile::delivery,
    store::{
        attempts::Heap,
        callbacks::{self, Callback, Effect},
        poll::{self, Open},
    },
    twilio::{Class, MessageSid, classify_status},
    worker::Worker,
};

/// Messages asked about in one round.
const BATCH: i64 = 5;
/// Rounds of the sweeper between two rounds: with its default, a worker asks for one message a second.
const ROUNDS: u32 = 5;
/// The claims that one round looks at.
const SPAN: Duration = Duration::from_secs(600);
/// Older messages keep the status they have: Twilio gives up long before.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Asks until the worker stops. Any number of workers may do so.
pub(crate) async fn run(worker: Arc<Worker>, health: Arc<Health>, stop: CancellationToken) {
    let after = worker.config.timing.status_poll_after;
    let (mut age, mut first) = (after + SPAN, true);
    while !stop.is_cancelled() {
        health.database_ready().await;
        // Every other round is for those whose first time has come, however many there are.
        match round(&worker, if first { after } else { age }).await {
            // Where an older span has more, it is looked at again.
            Ok(asked) if !first && asked < BATCH.unsigned_abs() => {
                age = if age + SPAN < LONGEST { age + SPAN } else { after + SPAN };
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(cause = sqlstate(&error), "statuses: not asked for yet"),
        }
        first = !first;
        tokio::select! {
            () = tokio::time::sleep(worker.config.timing.sweep_interval * ROUNDS) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One look at what is due.
pub(crate) async fn round(worker: &Arc<Worker>, age: Duration) -> Result<u64, sqlx::Error> {
    let mut asked = 0;
    for heap in Heap::ALL {
        for message in poll::take(&worker.pool, heap, age, SPAN, BATCH).await? {
            let result = ask(worker, &message).await?;
            metrics::counter!("onboarding_status_polls_total", "result" => result).increment(1);
            asked += 1;
        }
    }
    Ok(asked)
}

/// What Twilio says goes the way of a callback.
async fn ask(worker: &Arc<Worker>, message: &Open) -> Result<&'static str, sqlx::Error> {
    let Ok(sid) = MessageSid::parse(&message.sid) else { return Ok("failed") };
    let record = match worker.client.fetch_message(&sid).await {
        Ok(record) => record,
        Err(fault) => {
            tracing::warn!(attempt = %message.attempt, %fault, "status: Twilio gave no answer");
            return Ok("failed");
        }
    };
    let Some(status) = record.status.filter(|s| i16::from(s.rank()) > message.status_rank) else {
        return Ok("unchanged");
    };
    let callback = Callback {
        sid: message.sid.clone(),
        to: record.to.unwrap_or_default(),
        rank: i16::from(status.rank()),
        status: status.as_str().to_owned(),
        attempt: Some(message.attempt),
        error_code: record.error_code.and_then(|code| i32::try_from(code).ok()),
    };
    let opted_out = record.error_code.map(classify_status) == Some(Class::OptOut);
    let taken = callbacks::take(&worker.callbacks, &callback, opted_out).await?;
    let Effect::Applied { age } = taken.effect else { return Ok("unchanged") };
    delivery::learn(worker, &callback, age).await;
    Ok("moved")
}
