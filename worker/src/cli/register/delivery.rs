//! Whether the message arrived: all errors of WhatsApp come after Twilio has accepted it.

use std::time::Duration;

use shared::{cli::Failure, domain::UserId};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::steps::Steps;
use crate::{
    store::sent::{self, Sent},
    twilio::{self, Client, MessageSid, MessageStatus},
};

/// A phone that is on has the message by then.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);

/// Waits for the delivery of the user's message. False: it failed.
pub(super) async fn follow(
    steps: &mut Steps,
    client: &Client,
    pool: &PgPool,
    user: &UserId,
) -> Result<bool, Failure> {
    let sent = sent::welcome(pool, user.as_str()).await.map_err(Failure::statement)?;
    let Some(Sent { channel, sid }) = sent else { return Ok(true) };
    let Ok(sid) = MessageSid::parse(&sid) else { return Ok(true) };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = match client.fetch_message(&sid).await {
            Ok(record) => {
                let status = record.status.unwrap_or(MessageStatus::Accepted);
                if status.is_final() {
                    return Ok(end(steps, &channel, &status, record.error_code));
                }
                status.to_string()
            }
            Err(fault) if fault.is_forbidden() => {
                steps.passed_over("delivery", format!("this key may not ask about messages: {fault}"));
                return Ok(true);
            }
            Err(fault) => fault.to_string(),
        };
        if Instant::now() >= deadline {
            let text = format!(
                "… not known after {} s ({last}): `worker status {user}` shows it later",
                PATIENCE.as_secs()
            );
            steps.said("delivery", text);
            return Ok(true);
        }
        sleep(PAUSE).await;
    }
}

fn end(steps: &mut Steps, channel: &str, status: &MessageStatus, code: Option<u32>) -> bool {
    let arrived = matches!(status, MessageStatus::Delivered | MessageStatus::Read);
    let because = code.map(|code| format!(", error {code}: {}", twilio::explain(code))).unwrap_or_default();
    if arrived {
        steps.passed("delivery", format!("delivered by {channel}"));
    } else {
        steps.failed("delivery", format!("{status} by {channel}{because}"));
    }
    arrived
}
