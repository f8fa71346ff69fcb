//! Has Twilio delete the texts of messages to erased people.

use std::time::Duration;

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    store::redactions::{self, DueRedaction, Redacted},
    twilio::{Client, MessageSid, ReadFault},
};

const INTERVAL: Duration = Duration::from_secs(10);
/// Messages of one step: a slow stream beside the calls that send.
const BATCH: i64 = 5;
/// No other worker asks about the same message meanwhile.
const HOLD: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// With the waits in between, more than a month.
const TRIES: i32 = 45;

/// The redactor of one worker; any number may run.
pub(crate) struct Redactor {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
}

impl Task for Redactor {
    const NAME: &'static str = "redactor";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        for due in redactions::take(&self.pool, BATCH, HOLD).await? {
            match self.ask(&due).await {
                Ok(result) => {
                    redactions::ended(&self.pool, &due.message_sid, result).await?;
                    metrics::counter!("onboarding_redactions_total", "result" => result.as_str())
                        .increment(1);
                }
                Err(fault) => {
                    tracing::warn!(sid = due.message_sid, %fault, "redaction: not yet");
                    redactions::postpone(&self.pool, &due.message_sid, wait(due.tries)).await?;
                }
            }
        }
        Ok(Next::AfterInterval)
    }
}

impl Redactor {
    async fn ask(&self, due: &DueRedaction) -> Result<Redacted, ReadFault> {
        let Ok(sid) = MessageSid::parse(&due.message_sid) else { return Ok(Redacted::Gone) };
        match self.client.redact_message(&sid).await {
            Ok(()) => Ok(Redacted::Yes),
            Err(fault) if fault.is_not_found() => Ok(Redacted::Gone),
            // Refused as such, or again and again: a person reads the count of those.
            Err(fault) if fault.is_forbidden() || due.tries >= TRIES => {
                tracing::warn!(sid = due.message_sid, %fault, "redaction: skipped");
                Ok(Redacted::Skipped)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Doubles with every try.
fn wait(tries: i32) -> Duration {
    let doublings = u32::try_from(tries.clamp(1, 16)).unwrap_or(1) - 1;
    (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_day() {
        assert_eq!([1, 2, 3].map(wait), [60, 120, 240].map(Duration::from_secs));
        assert_eq!(wait(TRIES), LONGEST_WAIT);
        let all: Duration = (1..TRIES).map(wait).sum();
        assert!(all > Duration::from_secs(30 * 24 * 3600), "{all:?}");
    }
}
