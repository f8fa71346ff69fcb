//! The outbox of events for the portal: what waits, and what became of it. The rows are written by `shared::events_out`.

use chrono::{DateTime, Utc};
use shared::{
    amqp::Outgoing,
    events::{ConsentRecordedData, MessageReceivedData, NumberRejectedData, OutData, OutEvent},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Rows that one statement deletes.
const BATCH: i64 = 5_000;
/// How long a row waits at most.
const KEPT_DAYS: i32 = 30;

/// Makes every program write such events, or none.
pub(crate) async fn switch(pool: &PgPool, enabled: bool) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE events_out_switch SET enabled = $1 WHERE enabled <> $1", enabled)
        .execute(pool)
        .await
        .map(drop)
}

/// A row.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    user_id: String,
    purpose: Option<String>,
    channel: Option<String>,
    action: Option<String>,
    source: Option<String>,
    said_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    message_sid: Option<String>,
    class: Option<String>,
    created_at: DateTime<Utc>,
}

impl Row {
    /// The event, the same each time.
    pub(crate) fn event(self, event: OutEvent) -> Outgoing {
        let (user_id, created_at) = (self.user_id, self.created_at);
        let data = match event {
            // The table checks that the columns of the type are there.
            OutEvent::ConsentRecorded => OutData::Consent(ConsentRecordedData {
                user_id,
                purpose: self.purpose.unwrap_or_default(),
                channel: self.channel.unwrap_or_default(),
                action: self.action.unwrap_or_default(),
                source: self.source.unwrap_or_default(),
                at: self.said_at.unwrap_or(created_at),
            }),
            OutEvent::NumberRejected => {
                OutData::Rejection(NumberRejectedData { user_id, reason: self.reason.unwrap_or_default() })
            }
            OutEvent::MessageReceived => OutData::Message(MessageReceivedData {
                message_sid: self.message_sid.unwrap_or_default(),
                user_id: Some(user_id).filter(|user| !user.is_empty()),
                channel: self.channel.unwrap_or_default(),
                class: self.class.unwrap_or_default(),
                received_at: self.said_at.unwrap_or(created_at),
            }),
        };
        Outgoing::out(self.id.to_string(), created_at, data)
    }
}

/// Locks the oldest rows of an event until the transaction ends, except those that another worker holds.
pub(crate) async fn next(
    tx: &mut PgConnection,
    event: OutEvent,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, user_id, purpose, channel, action, source, said_at, reason, message_sid, class, created_at
         FROM events_out
         WHERE type = $1 ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED",
        event.event_type(),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// Deletes rows that the broker has.
pub(crate) async fn delete(tx: &mut PgConnection, published: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM events_out WHERE id = ANY($1)", published).execute(tx).await.map(drop)
}

/// Notes why the broker did not take these rows.
pub(crate) async fn note(tx: &mut PgConnection, rows: &[Uuid], errors: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE events_out o SET attempts = o.attempts + 1, last_error = f.error
         FROM UNNEST($1::uuid[], $2::text[]) AS f(id, error) WHERE o.id = f.id",
        rows,
        errors,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes rows that have waited for too long; one batch. Returns their number.
pub(crate) async fn expire(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let expired = sqlx::query!(
        "DELETE FROM events_out WHERE id IN (
             SELECT id FROM events_out WHERE created_at < (SELECT calendar_now()) - make_interval(days => $1)
             LIMIT $2 FOR UPDATE SKIP LOCKED)",
        KEPT_DAYS,
        BATCH,
    );
    Ok(expired.execute(pool).await?.rows_affected())
}

/// The rows of one event that wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) event: OutEvent,
    pub(crate) rows: i64,
    /// In seconds; 0 without rows.
    pub(crate) oldest_age: f64,
    /// Why the oldest row was not taken; none: it was not tried.
    pub(crate) last_error: Option<String>,
}

/// What waits, of every event.
pub(crate) async fn waiting(connection: &mut PgConnection) -> Result<Vec<Waiting>, sqlx::Error> {
    let mut all = Vec::new();
    for event in OutEvent::ALL {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "rows!",
                      coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldest_age!",
                      (SELECT last_error FROM events_out WHERE type = $1 ORDER BY seq LIMIT 1) AS last_error
               FROM events_out WHERE type = $1"#,
            event.event_type(),
        )
        .fetch_one(&mut *connection)
        .await?;
        let oldest_age = row.oldest_age.max(0.0);
        all.push(Waiting { event, rows: row.rows, oldest_age, last_error: row.last_error });
    }
    Ok(all)
}
