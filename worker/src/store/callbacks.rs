//! Status callbacks: kept as they came, applied upwards only.

use sqlx::{PgConnection, PgPool};

use super::{
    attempts::{AttemptRef, Heap, on_heap},
    fallbacks::Late,
    reported::{self, Followed, Meanings, Reported},
};

/// One verified status callback.
pub(crate) struct Callback {
    pub(crate) sid: String,
    /// The number that the message went to, as Twilio writes it.
    pub(crate) to: String,
    pub(crate) status: String,
    pub(crate) rank: i16,
    /// Our attempt, from the query of the callback's URL.
    pub(crate) attempt: Option<AttemptRef>,
    pub(crate) error_code: Option<i32>,
}

impl Callback {
    /// The number alone, without the channel's prefix.
    pub(crate) fn number(&self) -> &str {
        self.to.split_once(':').map_or(self.to.as_str(), |(_, number)| number)
    }

    /// One that came before its SID was known.
    pub(super) fn early(sid: String, status: String, error_code: Option<i32>) -> Self {
        let rank = i16::from(crate::twilio::MessageStatus::parse(&status).rank());
        Self { sid, to: String::new(), status, rank, attempt: None, error_code }
    }
}

/// What a stored callback changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// Its attempt was moved on; seconds from the claim to now.
    Applied {
        /// Seconds since the claim.
        age: f64,
    },
    /// Its attempt knew it, or more, already.
    Stale,
    /// Its person was erased: it is dropped.
    Erased,
    /// No attempt of that id or SID; kept, for the create response may still be on its way.
    Unmatched,
}

/// A callback that was stored.
pub(crate) struct Taken {
    pub(crate) effect: Effect,
    pub(crate) late: Late,
    /// The template of the message, if its code speaks of it.
    pub(crate) faulty_template: Option<String>,
    /// The trace context under which the call was made.
    pub(crate) traceparent: Option<String>,
}

/// Stores a callback and applies it, in one transaction. Any order and any repetition end the same.
pub(crate) async fn take(
    pool: &PgPool,
    callback: &Callback,
    meanings: &dyn Meanings,
) -> Result<Taken, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let found = find(&mut tx, callback).await?;
    if found.as_ref().is_some_and(|found| found.erased) {
        let effect = Effect::Erased;
        return Ok(Taken { effect, late: Late::Nothing, faulty_template: None, traceparent: None });
    }
    sqlx::query!(
        "INSERT INTO status_callbacks (sid, status, message_id, error_code, matched) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (sid, status) DO UPDATE SET
             matched = status_callbacks.matched OR EXCLUDED.matched,
             message_id = CASE WHEN EXCLUDED.matched THEN EXCLUDED.message_id ELSE status_callbacks.message_id END",
        callback.sid,
        callback.status,
        found.as_ref().map(|f| f.attempt).or(callback.attempt).map(|a| a.attempt_id),
        callback.error_code,
        found.is_some(),
    )
    .execute(&mut *tx)
    .await?;
    let Some(found) = found else {
        tx.commit().await?;
        let effect = Effect::Unmatched;
        return Ok(Taken { effect, late: Late::Nothing, faulty_template: None, traceparent: None });
    };
    let concerned = Concerned { attempt: found.attempt, phone: &found.phone, channel: &found.channel };
    let (effect, followed) = apply(&mut tx, &concerned, callback, meanings).await?;
    tx.commit().await?;
    let faulty_template = found.content_sid.filter(|_| followed.template);
    Ok(Taken { effect, late: followed.late, faulty_template, traceparent: found.traceparent })
}

/// The attempt that a callback is about.
struct Found {
    attempt: AttemptRef,
    erased: bool,
    phone: String,
    channel: String,
    content_sid: Option<String>,
    traceparent: Option<String>,
}

/// Locks the attempt that a callback is about.
async fn find(tx: &mut PgConnection, callback: &Callback) -> Result<Option<Found>, sqlx::Error> {
    match callback.attempt {
        Some(attempt) if attempt.heap == Heap::Messages => {
            let row = sqlx::query!(
                r#"SELECT phone_e164, channel, content_sid, user_id LIKE 'erased:%' AS "erased!", traceparent
                   FROM message_attempts
                   WHERE message_id = $1 AND attempt_id = $2 AND (message_sid IS NULL OR message_sid = $3) FOR UPDATE"#,
                attempt.message_id,
                attempt.attempt_id,
                callback.sid,
            );
            let row = row.fetch_optional(tx).await?;
            Ok(row.map(|row| Found {
                attempt,
                phone: row.phone_e164,
                channel: row.channel,
                content_sid: row.content_sid,
                erased: row.erased,
                traceparent: row.traceparent,
            }))
        }
        named => {
            let row = sqlx::query!(
                // The number by itself, once for each of its two indexes. An attempt that has the SID takes precedence
                // over one of the callback's id without a SID: a message belongs to one attempt.
                r#"SELECT message_id, phone_e164, channel, content_sid, user_id LIKE 'erased:%' AS "erased!", traceparent
                   FROM attempts
                   WHERE (message_id = $1 AND (sid IS NULL OR sid = $2))
                      OR (phone_e164 = $3 AND blocks AND sid = $2) OR (phone_e164 = $3 AND NOT blocks AND sid = $2)
                   ORDER BY sid NULLS LAST LIMIT 1 FOR UPDATE"#,
                named.map(|a| a.attempt_id),
                callback.sid,
                callback.number(),
            );
            let row = row.fetch_optional(tx).await?;
            Ok(row.map(|row| Found {
                attempt: AttemptRef::welcome(row.message_id),
                phone: row.phone_e164,
                channel: row.channel,
                content_sid: row.content_sid,
                erased: row.erased,
                traceparent: row.traceparent,
            }))
        }
    }
}

/// An attempt whose message a callback is about.
pub(super) struct Concerned<'a> {
    pub(super) attempt: AttemptRef,
    pub(super) phone: &'a str,
    pub(super) channel: &'a str,
}

/// A callback proves the message exists: `sending` and `unknown` become accepted, parked or not. If the attempt had let
/// go meanwhile, it blocks again. What follows from the status follows also if the attempt knew it already.
pub(super) async fn apply(
    tx: &mut PgConnection,
    concerned: &Concerned<'_>,
    callback: &Callback,
    meanings: &dyn Meanings,
) -> Result<(Effect, Followed), sqlx::Error> {
    let &Concerned { attempt, phone, channel } = concerned;
    let written = write(tx, attempt, callback).await?;
    let report = Reported {
        attempt,
        phone,
        channel,
        status: &callback.status,
        error_code: callback.error_code,
        had_let_go: written.as_ref().is_some_and(|written| !written.blocks),
    };
    let followed = reported::follow(tx, &report, meanings).await?;
    Ok((written.map_or(Effect::Stale, |written| Effect::Applied { age: written.age }), followed))
}

/// An attempt with a new status.
struct Written {
    blocks: bool,
    age: f64,
}

async fn write(
    tx: &mut PgConnection,
    attempt: AttemptRef,
    callback: &Callback,
) -> Result<Option<Written>, sqlx::Error> {
    on_heap!(
        attempt.heap,
        query_as![Written:
            "UPDATE ", r#" SET
                 outcome = 'accepted', message_sid = coalesce(message_sid, $3), next_check_at = NULL, parked_at = NULL,
                 status = $4, status_rank = $5, error_code = coalesce($6, error_code), updated_at = now()
             WHERE message_id = $1 AND attempt_id = $2 AND status_rank < $5
               AND outcome IN ('sending', 'unknown', 'accepted')
             RETURNING blocks AS "blocks!", extract(epoch FROM now() - claimed_at)::float8 AS "age!""#
        ](
            attempt.message_id,
            attempt.attempt_id,
            callback.sid,
            callback.status,
            callback.rank,
            callback.error_code,
        ),
        fetch_optional(&mut *tx)
    )
}
