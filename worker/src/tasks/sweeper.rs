//! Enqueues the users that no queue holds: those whose retry is due, and those whose event got lost.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::join_all;
use shared::{
    amqp::{Outgoing, Publisher},
    db::sqlstate,
    domain::UserId,
    lane::{Lane, QueueLane},
};
use sqlx::PgPool;
use tokio::sync::watch;

use super::driver::{Failed, Next, Task};
use crate::{
    health::Health,
    hours::Hours,
    store::{
        attempts::Heap,
        leases, positions,
        sweep::{self, Due},
    },
    throttle::{Throttle, breaker::State},
    unfinished::Unfinished,
};

/// Rows of one step; a step that fills it is followed by the next at once.
const BATCH: i64 = 500;

/// The sweeper of one worker; any number may run.
pub(crate) struct Sweeper {
    pub(crate) pool: PgPool,
    pub(crate) publisher: Publisher,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) breaker: watch::Receiver<State>,
    pub(crate) health: Arc<Health>,
    pub(crate) unfinished: Arc<Unfinished>,
    /// As positions name this worker.
    pub(crate) worker_id: String,
    /// Hours of the backfill lane.
    pub(crate) hours: Hours,
    pub(crate) interval: Duration,
    /// So long a user without progress is left to the queue.
    pub(crate) grace: Duration,
    /// When Twilio is first asked about an unknown outcome.
    pub(crate) first_check: Duration,
}

impl Task for Sweeper {
    const NAME: &'static str = "sweeper";

    fn interval(&self) -> Duration {
        self.interval
    }

    /// Looks at everything that may be due.
    async fn step(&mut self) -> Result<Next, Failed> {
        self.expire_leases().await;
        self.report_position().await?;
        if self.throttle.breaker.is_open(Lane::Live) {
            return Ok(Next::AfterInterval);
        }
        let due = self.enqueue_due(BATCH).await?;
        self.rescue().await?;
        Ok(if due == BATCH { Next::AtOnce } else { Next::AfterInterval })
    }

    /// Users who waited for the breaker are enqueued as soon as it closes.
    async fn woken(&mut self) {
        if self.breaker.changed().await.is_err() {
            // The breaker is gone, and with it the worker.
            std::future::pending::<()>().await;
        }
    }
}

impl Sweeper {
    /// Each heap by itself: a statement that fails for one leaves the other, and those who wait, to be looked after.
    async fn expire_leases(&self) {
        for heap in Heap::ALL {
            match leases::expire(&self.pool, heap, self.first_check).await {
                Ok(0) => {}
                Ok(expired) => tracing::warn!(expired, "claims without an outcome became unknown"),
                Err(error) => {
                    let error = sqlstate(&error);
                    tracing::error!(?heap, error, "leases are not expired, the sweeper tries again");
                }
            }
        }
    }

    async fn enqueue_due(&self, limit: i64) -> Result<i64, sqlx::Error> {
        let mut enqueued = 0;
        for lane in self.hours.running_lanes() {
            if enqueued == limit {
                break;
            }
            let mut tx = self.pool.begin().await?;
            let due = sweep::due(&mut tx, lane, limit - enqueued).await?;
            let stored = self.publish(&due).await;
            sweep::enqueued(&mut tx, &stored).await?;
            tx.commit().await?;
            enqueued += i64::try_from(stored.len()).unwrap_or(0);
        }
        Ok(enqueued)
    }

    /// Reports which deliveries this worker holds. No worker enqueues events again that were published after them.
    async fn report_position(&self) -> Result<(), sqlx::Error> {
        let now = Utc::now();
        let age = |at: DateTime<Utc>| (now - at).to_std().unwrap_or_default();
        let ages = QueueLane::ALL.map(|lane| (lane, self.unfinished.oldest(lane).map(age)));
        positions::report(&self.pool, &self.worker_id, ages).await
    }

    /// Only lanes that are consumed, and only users whose event was published before what the queue hands out now. Where
    /// no worker has a delivery in hand, the queue has to be empty.
    async fn rescue(&self) -> Result<(), sqlx::Error> {
        for lane in self.hours.running_lanes() {
            let Some(depth) = self.health.known_depth(lane) else { continue };
            let reached = positions::oldest(&self.pool, lane).await?;
            if reached.is_none() && depth > 0 {
                continue;
            }
            let mut tx = self.pool.begin().await?;
            let lost = sweep::lost(&mut tx, lane, self.grace, reached, BATCH).await?;
            let stored = self.publish(&lost).await;
            sweep::rescued(&mut tx, &stored).await?;
            tx.commit().await?;
            if !stored.is_empty() {
                tracing::warn!(users = stored.len(), "users without progress were enqueued again");
                metrics::counter!("onboarding_rescued_users_total").increment(stored.len() as u64);
            }
        }
        Ok(())
    }

    /// Publishes one event per user; returns the ids of those that the broker confirmed.
    async fn publish(&self, due: &[Due]) -> Vec<String> {
        let one = async |user: &Due| {
            let id = UserId::parse(&user.user_id).ok()?;
            match self.publisher.publish(Outgoing::stored(&id, user.lane, user.traceparent.clone())).await {
                Ok(()) => Some(user.user_id.clone()),
                Err(error) => {
                    tracing::warn!(%error, "sweeper: not enqueued, comes again");
                    None
                }
            }
        };
        let stored: HashSet<String> = join_all(due.iter().map(one)).await.into_iter().flatten().collect();
        stored.into_iter().collect()
    }
}
