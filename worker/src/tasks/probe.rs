//! Probes of an open breaker: one waiting user's call finds out whether calls succeed again.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use shared::lane::QueueLane;
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    hours::Hours,
    observe::log_refs::LogRef,
    pipeline::{self, Pipeline},
    store::breaker::{self, found_no_user, postpone},
    throttle::{ACCOUNT, Finding, Throttle},
    twilio::{Client, Preflight},
};

/// Between two looks at whether a probe is due.
const INTERVAL: Duration = Duration::from_millis(250);
/// How many users one probe tries if there is nothing to send to the first ones, or if their country is held back.
const TRIES: usize = 100;
/// So much later a user is tried again whose probe came to no end.
const POSTPONED: Duration = Duration::from_secs(60);

/// Makes the probes of one worker. While the database is away there are none: no call could be recorded either.
pub(crate) struct Probe {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) pipeline: Arc<Pipeline>,
    /// Hours of the backfill lane.
    pub(crate) hours: Hours,
}

impl Task for Probe {
    const NAME: &'static str = "probe";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    /// One waiting user's call, if a probe is due and this worker wins it.
    async fn step(&mut self) -> Result<Next, Failed> {
        self.probe().await?;
        Ok(Next::AfterInterval)
    }
}

impl Probe {
    async fn probe(&self) -> Result<(), sqlx::Error> {
        let (pool, breaker) = (&self.pool, &self.throttle.breaker);
        let Some(scope) = breaker.due() else { return Ok(()) };
        let lanes: Vec<QueueLane> = self.hours.running_lanes().collect();
        let mut next = breaker::longest_waiting(pool, &lanes).await?;
        if !breaker.take_probe(pool, scope, next.is_some()).await? {
            return Ok(());
        }
        if scope == ACCOUNT
            && let Preflight::Refused { status, code } = self.client.preflight().await
        {
            tracing::warn!(status, code, "breaker probe: Twilio refuses the account");
            return breaker.conclude(pool, scope, Finding::Account).await;
        }
        for _ in 0..TRIES {
            let Some((user, lane)) = next.take() else { break };
            let user_ref = self.pipeline.log.user_ref(&user);
            let user_ref = user_ref.as_ref().map(LogRef::as_str);
            tracing::info!(scope, user_ref, "breaker probe: this user's call finds out");
            match AssertUnwindSafe(pipeline::probe(&self.pipeline, &user, lane)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(scope, %error, "breaker probe: interrupted");
                    if error.is_database() || error.is_stopping() {
                        break;
                    }
                }
                Err(_) => tracing::error!(scope, user_ref, "breaker probe: panicked"),
            }
            if let Some(finding) = breaker.finding() {
                return breaker.conclude(pool, scope, finding).await;
            }
            next = breaker::longest_waiting(pool, &lanes).await?;
            // One user must not keep all others waiting, whatever is the matter with their data.
            if next.as_ref().is_some_and(|(same, _)| *same == user) {
                postpone(pool, &user, POSTPONED).await?;
                next = breaker::longest_waiting(pool, &lanes).await?;
            }
        }
        found_no_user(pool, scope).await
    }
}
