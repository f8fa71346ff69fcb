//! Brings back whom the queues do not hold: due retries, and users whose event got lost.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::join_all;
use rand::Rng;
use shared::{
    amqp::{Outgoing, Publisher},
    db::sqlstate,
    domain::UserId,
    lane::Lane,
};
use tokio_util::sync::CancellationToken;

use super::unblocked_numbers::Mending;
use crate::{
    consumer::may_run,
    health::Health,
    store::{
        leases, positions,
        sweep::{self, Due},
    },
    worker::Worker,
};

/// Rows of one round; a round that fills it is followed by the next at once.
const BATCH: i64 = 500;

/// The sweeper of one worker; any number may run.
pub(crate) struct Sweeper {
    pub(crate) worker: Arc<Worker>,
    pub(crate) health: Arc<Health>,
    pub(crate) publisher: Publisher,
}

impl Sweeper {
    /// Sweeps until the worker stops.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let interval = self.worker.config.timing.sweep_interval;
        let mut breaker = self.worker.gate.breaker.watch();
        let mut mending = Mending::default();
        while !stop.is_cancelled() {
            self.health.database_ready().await;
            let more = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(cause = sqlstate(&error), "sweep failed");
                false
            });
            if let Err(error) = mending.step(&self.worker.pool).await {
                tracing::warn!(cause = sqlstate(&error), "numbers that nothing blocks: not looked after yet");
            }
            let pause = if more { Duration::ZERO } else { jittered(interval) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Those who waited for the breaker are enqueued as soon as it closes.
                Ok(()) = breaker.changed() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One look at everything that may be due. True: there is more.
    async fn round(&self) -> Result<bool, sqlx::Error> {
        let expired = leases::expire(&self.worker.pool, self.worker.first_check()).await?;
        if expired > 0 {
            tracing::warn!(expired, "claims without an outcome became unknown");
        }
        self.report_position().await?;
        if self.worker.gate.breaker.is_open() {
            return Ok(false);
        }
        let due = self.enqueue_due(BATCH).await?;
        self.rescue().await?;
        Ok(due == BATCH)
    }

    async fn enqueue_due(&self, limit: i64) -> Result<i64, sqlx::Error> {
        let mut enqueued = 0;
        for lane in self.running_lanes() {
            if enqueued == limit {
                break;
            }
            let mut tx = self.worker.pool.begin().await?;
            let due = sweep::due(&mut tx, lane, limit - enqueued).await?;
            let stored = self.publish(&due).await;
            sweep::enqueued(&mut tx, &stored).await?;
            tx.commit().await?;
            enqueued += i64::try_from(stored.len()).unwrap_or(0);
        }
        Ok(enqueued)
    }

    /// Reports which deliveries this worker has in hand: no worker enqueues again what was published after them.
    async fn report_position(&self) -> Result<(), sqlx::Error> {
        let now = Utc::now();
        let age = |at: DateTime<Utc>| (now - at).to_std().unwrap_or_default();
        let ages = Lane::ALL.map(|lane| (lane, self.worker.hands.oldest(lane).map(age)));
        positions::report(&self.worker.pool, &self.worker.id, ages).await
    }

    /// Only lanes that are consumed, and only users whose event was published before what the queue hands out now. Where
    /// no worker has a delivery in hand, the queue has to be empty.
    async fn rescue(&self) -> Result<(), sqlx::Error> {
        for lane in self.running_lanes() {
            let Some(depth) = self.health.known_depth(lane) else { continue };
            let reached = positions::oldest(&self.worker.pool, lane).await?;
            if reached.is_none() && depth > 0 {
                continue;
            }
            let grace = self.worker.config.timing.sweep_grace;
            let mut tx = self.worker.pool.begin().await?;
            let lost = sweep::lost(&mut tx, lane, grace, reached, BATCH).await?;
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

    /// The lanes that may run now, the more urgent first.
    fn running_lanes(&self) -> impl Iterator<Item = Lane> {
        let (window, now) = (self.worker.config.backfill_window, Utc::now());
        Lane::ALL.into_iter().filter(move |lane| may_run(*lane, &window, now))
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

/// Spread, so that several workers do not sweep in step.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(rand::thread_rng().gen_range(0.5..1.5))
}
