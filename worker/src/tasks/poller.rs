//! Asks Twilio for the status of accepted messages whose callbacks do not arrive, slowly and for a day.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    reconcile::delivery::DeliveryReports,
    store::{
        attempts::Heap,
        callbacks::{Callback, Effect},
        poll::{self, StatusToFetch},
    },
    twilio::{Client, MessageSid},
};

/// Messages asked about in one step.
const BATCH: i64 = 5;
/// Intervals of the sweeper between two steps: with its default, a worker asks for one message a second.
const INTERVALS: u32 = 5;
/// The claims that one step looks at.
const SPAN: Duration = Duration::from_secs(600);
/// Older messages keep the status they have: Twilio gives up long before.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The poller of one worker; any number may run.
pub(crate) struct Poller {
    pool: PgPool,
    client: Client,
    reports: Arc<DeliveryReports>,
    interval: Duration,
    /// So old is a claim when its message is first asked about.
    after: Duration,
    /// How old the claims are that the next step but one looks at.
    age: Duration,
    /// The next step is for messages whose first time has come.
    first: bool,
}

impl Poller {
    /// Asks about messages whose claims are older than `after`.
    pub(crate) fn new(
        pool: PgPool,
        client: Client,
        reports: Arc<DeliveryReports>,
        after: Duration,
        sweep_interval: Duration,
    ) -> Self {
        let interval = sweep_interval * INTERVALS;
        Self { pool, client, reports, interval, after, age: after + SPAN, first: true }
    }

    /// Asks about some messages whose claims are so old; returns how many there were.
    async fn look(&self, age: Duration) -> Result<u64, sqlx::Error> {
        let mut asked = 0;
        for heap in Heap::ALL {
            for message in poll::take(&self.pool, heap, age, SPAN, BATCH).await? {
                let result = self.ask(&message).await?;
                metrics::counter!("onboarding_status_polls_total", "result" => result).increment(1);
                asked += 1;
            }
        }
        Ok(asked)
    }

    /// Treats Twilio's answer as a callback.
    async fn ask(&self, message: &StatusToFetch) -> Result<&'static str, sqlx::Error> {
        let Ok(sid) = MessageSid::parse(&message.sid) else { return Ok("failed") };
        let record = match self.client.fetch_message(&sid).await {
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
        let taken = self.reports.take(&callback).await?;
        let Effect::Applied { age } = taken.effect else { return Ok("unchanged") };
        self.reports.learn(&callback, age).await;
        Ok("moved")
    }
}

impl Task for Poller {
    const NAME: &'static str = "poller";

    fn interval(&self) -> Duration {
        self.interval
    }

    /// Every other step is for messages whose first time has come, however many there are.
    async fn step(&mut self) -> Result<Next, Failed> {
        let first = self.first;
        self.first = !first;
        let asked = self.look(if first { self.after } else { self.age }).await?;
        // Where an older span has more, it is looked at again.
        if !first && asked < BATCH.unsigned_abs() {
            let next = self.age + SPAN;
            self.age = if next < LONGEST { next } else { self.after + SPAN };
        }
        Ok(Next::AfterInterval)
    }
}
