//! One batch in one transaction: its rows stay locked until the broker has answered. If the relay is killed in
//! between, the rows stay unmarked and are published again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use shared::{amqp::Outgoing, domain::RetryPolicy};
use sqlx::PgPool;
use uuid::Uuid;

use super::outbox::{self, Row};
use crate::{Producer, PublishError};

/// Rows locked and published together.
const ROWS: i64 = 100;
const PAUSE: RetryPolicy = RetryPolicy { base: Duration::from_secs(5), max: Duration::from_secs(300) };

/// The result of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Rows that were read. 0 means that no row waits.
    pub(super) read: usize,
    pub(super) published: u64,
    pub(super) failed: u64,
    /// Set if the broker did not answer. The rows are unchanged.
    pub(super) outage: Option<String>,
}

#[derive(Default)]
struct Answers {
    published: Vec<Uuid>,
    failed: Vec<(Uuid, i32, String)>,
    outage: Option<String>,
}

/// Publishes the next rows and marks them.
pub(super) async fn relay(
    pool: &PgPool,
    producer: &Producer,
    pauses: &mut Pauses,
) -> Result<Batch, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows = outbox::next(&mut transaction, &pauses.paused(Instant::now()), ROWS).await?;
    if rows.is_empty() {
        return Ok(Batch::default());
    }
    let answers = publish(producer, &rows).await;
    let (ids, errors): (Vec<_>, Vec<_>) =
        answers.failed.iter().map(|(id, _, error)| (*id, error.clone())).unzip();
    outbox::mark_published(&mut transaction, &answers.published).await?;
    outbox::mark_failed(&mut transaction, &ids, &errors).await?;
    transaction.commit().await?;
    for (id, attempts, error) in &answers.failed {
        tracing::warn!(row = %id, attempts = attempts + 1, error, "outbox row not published");
        pauses.pause(*id, *attempts, Instant::now());
    }
    Ok(Batch {
        read: rows.len(),
        published: answers.published.len() as u64,
        failed: ids.len() as u64,
        outage: answers.outage,
    })
}

async fn publish(producer: &Producer, rows: &[Row]) -> Answers {
    let mut answers = Answers::default();
    let mut events: Vec<Outgoing> = Vec::with_capacity(rows.len());
    let mut sent = Vec::with_capacity(rows.len());
    for row in rows {
        match row.event() {
            Ok(event) => {
                events.push(event);
                sent.push(row);
            }
            Err(invalid) => answers.failed.push((row.id, row.attempts, invalid.to_string())),
        }
    }
    for (row, answer) in sent.into_iter().zip(producer.in_order(events).await) {
        match answer {
            Ok(_) => answers.published.push(row.id),
            Err(error) => match refusal(&error) {
                Some(why) => answers.failed.push((row.id, row.attempts, why.to_owned())),
                None => answers.outage = Some(error.to_string()),
            },
        }
    }
    answers
}

/// Why the broker did not accept this event. None if it did not answer.
fn refusal(error: &PublishError) -> Option<&'static str> {
    match error {
        PublishError::Returned { .. } => Some("returned: no queue is bound for its routing key"),
        PublishError::Refused { .. } => Some("refused by the broker, for example because a queue is full"),
        PublishError::Timeout { .. } | PublishError::Lost { .. } | PublishError::Unavailable { .. } => None,
    }
}

/// Rows that failed, and when each is tried again. They are kept in memory: a restart tries them at once.
#[derive(Default)]
pub(super) struct Pauses(HashMap<Uuid, Instant>);

impl Pauses {
    /// Pauses the row. The pause grows with its failed attempts.
    pub(super) fn pause(&mut self, row: Uuid, attempts: i32, now: Instant) {
        self.0.insert(row, now + PAUSE.cap(u32::try_from(attempts).unwrap_or(0)));
    }

    /// The rows that are paused now.
    pub(super) fn paused(&mut self, now: Instant) -> Vec<Uuid> {
        self.0.retain(|_, due| *due > now);
        self.0.keys().copied().collect()
    }

    /// The time until the first pause ends.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.values().min().map(|due| due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let (mut pauses, start) = (Pauses::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let [one, other] = [1, 2].map(Uuid::from_u128);
        pauses.pause(one, 0, start);
        pauses.pause(other, 99, start);
        assert_eq!(pauses.next(start), Some(Duration::from_secs(5)));
        assert_eq!(pauses.paused(after(4)).len(), 2);
        assert_eq!(pauses.paused(after(5)), [other]);
        pauses.pause(one, 1, after(5));
        assert_eq!(pauses.next(after(6)), Some(Duration::from_secs(9)));
        assert!(pauses.paused(after(300)).is_empty() && pauses.next(after(300)).is_none());
    }
}
