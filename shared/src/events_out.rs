//! The outbox of events for the portal, `events_out`. Rows are written in the transaction of what they tell. Nothing is
//! written while `EVENTS_OUT` is 0, which the table `events_out_switch` says to every program.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{events::OutEvent, words::Class};

/// Announces entries of the ledger that this transaction added. An entry of a number without a user is announced for each
/// user of that number.
pub async fn consents_recorded(tx: &mut PgConnection, entries: &[Vec<u8>]) -> Result<(), sqlx::Error> {
    if entries.is_empty() || !enabled(tx).await? {
        return Ok(());
    }
    // Users of a number by their attempts, and those without any: each arm has an index.
    sqlx::query!(
        r#"WITH added AS (
               SELECT l.purpose, l.channel, l.action, l.source, l.said_at, k.user_id, k.phone_e164
               FROM consent_ledger l JOIN person_keys k USING (person_key) WHERE l.entry_key = ANY($1)
           )
           INSERT INTO events_out (type, user_id, purpose, channel, action, source, said_at)
           SELECT $2, w.user_id, a.purpose, a.channel, a.action, a.source, a.said_at
           FROM added a CROSS JOIN LATERAL (
               SELECT a.user_id WHERE a.user_id IS NOT NULL
               UNION
               SELECT u.user_id FROM users u
               WHERE a.user_id IS NULL AND u.phone_e164 = a.phone_e164 AND u.attempt_id IS NULL
               UNION
               SELECT u.user_id FROM attempts t JOIN users u USING (user_id)
               WHERE a.user_id IS NULL AND t.phone_e164 = a.phone_e164 AND t.blocks AND u.phone_e164 = t.phone_e164
               UNION
               SELECT u.user_id FROM attempts t JOIN users u USING (user_id)
               WHERE a.user_id IS NULL AND t.phone_e164 = a.phone_e164 AND NOT t.blocks AND u.phone_e164 = t.phone_e164) w
           ORDER BY a.purpose, w.user_id"#,
        entries,
        OutEvent::ConsentRecorded.event_type(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Announces users whose numbers this transaction rejected. Users in another state are left out.
pub async fn numbers_rejected(tx: &mut PgConnection, users: &[String]) -> Result<(), sqlx::Error> {
    if users.is_empty() || !enabled(tx).await? {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO events_out (type, user_id, reason)
         SELECT $2, user_id, coalesce(reason, 'unknown') FROM users
         WHERE user_id = ANY($1) AND state = 'rejected' ORDER BY user_id",
        users,
        OutEvent::NumberRejected.event_type(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A message of a person, without its text.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedMessage<'a> {
    /// Twilio's id.
    pub message_sid: &'a str,
    /// The user of the number; none: it belongs to no user.
    pub user_id: Option<&'a str>,
    /// `sms` or `whatsapp`.
    pub channel: &'a str,
    /// As it was understood.
    pub class: Class,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Announces a message of a person. Nothing that is published tells a loss.
pub async fn message_received(
    tx: &mut PgConnection,
    message: &ReceivedMessage<'_>,
) -> Result<(), sqlx::Error> {
    if !enabled(tx).await? {
        return Ok(());
    }
    let class = match message.class {
        Class::Loss | Class::LossMentioned => Class::Other,
        class => class,
    };
    sqlx::query!(
        "INSERT INTO events_out (type, user_id, message_sid, channel, class, said_at) VALUES ($1, $2, $3, $4, $5, $6)",
        OutEvent::MessageReceived.event_type(),
        message.user_id.unwrap_or_default(),
        message.message_sid,
        message.channel,
        class.as_str(),
        message.received_at,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Whether events are written.
pub async fn enabled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let enabled = sqlx::query_scalar!("SELECT enabled FROM events_out_switch");
    Ok(enabled.fetch_optional(connection).await?.unwrap_or(false))
}
