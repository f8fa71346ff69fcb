//! One batch in one transaction: its rows stay locked until the broker has answered. Whoever is killed in between
//! leaves them unmarked, and they are published once more.

use std::time::Instant;

use shared::amqp::Outgoing;
use sqlx::PgPool;
use uuid::Uuid;

use super::{pauses::Pauses, row::Row, table};
use crate::{Producer, PublishError};

/// Rows locked and published together.
const ROWS: i64 = 100;

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Rows looked at; 0: none is waiting.
    pub(super) read: usize,
    pub(super) published: u64,
    pub(super) failed: u64,
    /// Set when the broker did not answer; those rows are as before.
    pub(super) outage: Option<String>,
}

#[derive(Default)]
struct Verdicts {
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
    let rows = table::next(&mut transaction, &pauses.paused(Instant::now()), ROWS).await?;
    if rows.is_empty() {
        return Ok(Batch::default());
    }
    let verdicts = publish(producer, &rows).await;
    let (ids, errors): (Vec<_>, Vec<_>) =
        verdicts.failed.iter().map(|(id, _, error)| (*id, error.clone())).unzip();
    table::mark_published(&mut transaction, &verdicts.published).await?;
    table::mark_failed(&mut transaction, &ids, &errors).await?;
    transaction.commit().await?;
    for (id, attempts, error) in &verdicts.failed {
        tracing::warn!(row = %id, attempts = attempts + 1, error, "outbox row not published");
        pauses.pause(*id, *attempts, Instant::now());
    }
    Ok(Batch {
        read: rows.len(),
        published: verdicts.published.len() as u64,
        failed: ids.len() as u64,
        outage: verdicts.outage,
    })
}

async fn publish(producer: &Producer, rows: &[Row]) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let mut events: Vec<Outgoing> = Vec::with_capacity(rows.len());
    let mut sent = Vec::with_capacity(rows.len());
    for row in rows {
        match row.event() {
            Ok(event) => {
                events.push(event);
                sent.push(row);
            }
            Err(unfit) => verdicts.failed.push((row.id, row.attempts, unfit.to_string())),
        }
    }
    for (row, answer) in sent.into_iter().zip(producer.in_order(events).await) {
        match answer {
            Ok(_) => verdicts.published.push(row.id),
            Err(error) => match refusal(&error) {
                Some(why) => verdicts.failed.push((row.id, row.attempts, why.to_owned())),
                None => verdicts.outage = Some(error.to_string()),
            },
        }
    }
    verdicts
}

/// Why the broker did not take this event; none when it did not answer at all.
fn refusal(error: &PublishError) -> Option<&'static str> {
    match error {
        PublishError::Returned { .. } => Some("returned: no queue is bound for its routing key"),
        PublishError::Refused { .. } => Some("refused by the broker, for example because a queue is full"),
        PublishError::Timeout { .. } | PublishError::Lost { .. } | PublishError::Unavailable { .. } => None,
    }
}
