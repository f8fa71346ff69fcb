//! Reconciles unknown outcomes: asks Twilio for the messages to their numbers. A hit proves the send; a miss proves
//! nothing, for the list lags (Twilio's list is not read-your-writes).

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    channels::Channels,
    config::UnknownPolicy,
    reconcile::{
        delivery::DeliveryReports,
        evidence::{self, Evidence, NoEvidence},
    },
    store::{
        attempts::Heap,
        unknown::{self, Adoption, Freed, UnknownAttempt},
    },
    twilio::{Client, Pace},
};

/// Attempts asked about in one step.
const BATCH: i64 = 20;

/// The reconciler of one worker; any number may run.
pub(crate) struct Reconciler {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    pub(crate) reports: Arc<DeliveryReports>,
    /// When Twilio is asked, each counted from the check before.
    pub(crate) checks: Vec<Duration>,
    /// What becomes of an outcome after the last check.
    pub(crate) policy: UnknownPolicy,
    /// So long other workers leave a row to the one that has taken it: longer than Twilio takes to answer.
    pub(crate) hold: Duration,
    pub(crate) interval: Duration,
}

impl Task for Reconciler {
    const NAME: &'static str = "reconciler";

    fn interval(&self) -> Duration {
        self.interval
    }

    /// Checks the attempts that are due.
    async fn step(&mut self) -> Result<Next, Failed> {
        for heap in Heap::ALL {
            for due in unknown::take(&self.pool, heap, self.hold, BATCH).await? {
                self.resolve(&due).await?;
            }
        }
        Ok(Next::AfterInterval)
    }
}

impl Reconciler {
    async fn resolve(&self, due: &UnknownAttempt) -> Result<(), sqlx::Error> {
        let pace = Pace::unlimited();
        match evidence::gather(&self.pool, &self.client, &self.channels, due, &pace).await {
            Ok(Evidence::Found(message)) => self.adopt(due, &message).await,
            Ok(Evidence::Absent) => self.miss(due, self.policy).await,
            // The number may have its message: only an operator may allow another one.
            Ok(Evidence::Several | Evidence::Other | Evidence::Incomplete) => {
                self.miss(due, UnknownPolicy::Park).await
            }
            Err(NoEvidence::Database(error)) => Err(error),
            Err(NoEvidence::Twilio(fault)) => {
                // Nothing was learned, so nothing is counted; the hold on the row is the delay.
                tracing::warn!(attempt = %due.attempt, %fault, "unknown outcome: Twilio gave no answer");
                Ok(())
            }
        }
    }

    async fn adopt(&self, due: &UnknownAttempt, message: &Adoption) -> Result<(), sqlx::Error> {
        // Otherwise a definite answer came first: nothing is left to find out.
        if self.reports.adopt(due.attempt, message).await? {
            count("found");
            tracing::info!(attempt = %due.attempt, sid = message.sid, "unknown outcome: found at Twilio");
        }
        Ok(())
    }

    /// Notes a check that found nothing. After the last one, `policy` says how it ends.
    async fn miss(&self, due: &UnknownAttempt, policy: UnknownPolicy) -> Result<(), sqlx::Error> {
        count("absent");
        let made = usize::try_from(due.checks).unwrap_or(0) + 1;
        if let Some(next) = self.checks.get(made) {
            return unknown::missed(&self.pool, due.attempt, *next).await;
        }
        let freed = match policy {
            UnknownPolicy::ResendOnce if due.attempt.heap == Heap::Welcomes => {
                unknown::free_once(&self.pool, due.attempt.attempt_id).await?
            }
            // Other kinds of messages are worth less than the risk of a second one.
            UnknownPolicy::ResendOnce | UnknownPolicy::Park => Freed::No,
        };
        match freed {
            Freed::Yes => {
                tracing::warn!(attempt = %due.attempt, "unknown outcome: one more attempt");
                return Ok(());
            }
            Freed::ProvedSent => {
                tracing::info!(attempt = %due.attempt, "unknown outcome: an earlier message of this number proved sent");
                return Ok(());
            }
            Freed::No => {}
        }
        count("undecided");
        tracing::warn!(attempt = %due.attempt, "unknown outcome: parked for a person");
        unknown::park(&self.pool, due.attempt).await
    }
}

fn count(result: &'static str) {
    metrics::counter!("onboarding_reconciliations_total", "result" => result).increment(1);
}
