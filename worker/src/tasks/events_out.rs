//! Publishes events for the portal, each at least once: a row is deleted after the broker has confirmed it. While the broker
//! does not take an event, because no queue is bound, one row is tried at growing gaps.

use std::time::Duration;

use futures::future::join_all;
use shared::{
    amqp::{PublishError, Publisher},
    domain::RetryPolicy,
    events::OutEvent,
};
use sqlx::PgPool;
use tokio::time::Instant;

use super::driver::{Failed, Next, Task};
use crate::store::events_out;

const INTERVAL: Duration = Duration::from_secs(1);
/// Rows that are published together.
const ROWS: i64 = 100;
const PAUSE: RetryPolicy = RetryPolicy { base: Duration::from_secs(2), max: Duration::from_secs(300) };
const EXPIRE_EVERY: Duration = Duration::from_secs(600);
/// As doctor and the column `last_error` show it.
const UNBOUND: &str = "returned: no queue is bound for its routing key";
const REFUSED: &str = "refused by the broker, for example because a queue is full";

/// Publishes what the programs have written.
pub(crate) struct EventsOut {
    pool: PgPool,
    publisher: Publisher,
    /// `EVENTS_OUT`, until the table says the same.
    switch: Option<bool>,
    enabled: bool,
    /// How often in a row the broker did not take an event, and when it is tried again.
    held: [(u32, Instant); OutEvent::ALL.len()],
    expire_at: Instant,
}

/// How one batch of an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// No row waits, or another worker has them.
    Empty,
    Published,
    /// The broker did not take a row.
    Refused,
    /// The broker did not answer.
    Away,
}

impl EventsOut {
    pub(crate) fn new(pool: PgPool, publisher: Publisher, enabled: bool) -> Self {
        let now = Instant::now();
        let held = [(0, now); OutEvent::ALL.len()];
        Self { pool, publisher, switch: Some(enabled), enabled, held, expire_at: now }
    }

    async fn publish(&self, event: OutEvent, limit: i64) -> Result<Batch, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let rows = events_out::next(&mut tx, event, limit).await?;
        if rows.is_empty() {
            return Ok(Batch::Empty);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let answers = join_all(rows.into_iter().map(|row| self.publisher.publish(row.event(event)))).await;
        let (mut published, mut refused, mut errors, mut away) = (Vec::new(), Vec::new(), Vec::new(), false);
        for (id, answer) in ids.into_iter().zip(answers) {
            let error = match answer {
                Ok(()) => {
                    published.push(id);
                    metrics::counter!("onboarding_events_out_total", "event" => event.routing_key(), "result" => "published")
                        .increment(1);
                    continue;
                }
                Err(PublishError::Returned { .. }) => UNBOUND,
                Err(PublishError::Refused { .. }) => REFUSED,
                Err(_) => {
                    away = true;
                    continue;
                }
            };
            metrics::counter!("onboarding_events_out_total", "event" => event.routing_key(), "result" => "refused")
                .increment(1);
            refused.push(id);
            errors.push(error.to_owned());
        }
        events_out::delete(&mut tx, &published).await?;
        events_out::note(&mut tx, &refused, &errors).await?;
        tx.commit().await?;
        if let Some(error) = errors.first() {
            tracing::warn!(
                event = event.routing_key(),
                rows = refused.len(),
                error,
                "events for the portal wait"
            );
        }
        Ok(match (refused.is_empty(), away) {
            (false, _) => Batch::Refused,
            (true, true) => Batch::Away,
            (true, false) => Batch::Published,
        })
    }

    async fn expire(&mut self) -> Result<(), sqlx::Error> {
        let expired = events_out::expire(&self.pool).await?;
        if expired > 0 {
            metrics::counter!("onboarding_events_out_expired_total").increment(expired);
            tracing::warn!(expired, "events for the portal waited for 30 days and were deleted");
        } else {
            self.expire_at = Instant::now() + EXPIRE_EVERY;
        }
        Ok(())
    }
}

impl Task for EventsOut {
    const NAME: &'static str = "events out";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        if let Some(enabled) = self.switch {
            events_out::switch(&self.pool, enabled).await?;
            self.switch = None;
        }
        // Rows from before the setting was turned off expire as well.
        if self.expire_at <= Instant::now() {
            self.expire().await?;
        }
        if !self.enabled {
            return Ok(Next::NotBefore(EXPIRE_EVERY));
        }
        let mut more = false;
        for (event, place) in OutEvent::ALL.into_iter().zip(0..) {
            let (refusals, until) = self.held[place];
            if until > Instant::now() {
                continue;
            }
            match self.publish(event, if refusals == 0 { ROWS } else { 1 }).await? {
                Batch::Published => {
                    more = true;
                    self.held[place].0 = 0;
                }
                Batch::Refused => {
                    self.held[place] = (refusals + 1, Instant::now() + PAUSE.cap(refusals));
                }
                // The publisher has waited for the broker already.
                Batch::Empty | Batch::Away => {}
            }
        }
        Ok(if more { Next::AtOnce } else { Next::AfterInterval })
    }
}
