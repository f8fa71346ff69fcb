//! Messages that Twilio has and the database does not know, after a restored backup.

use chrono::{DateTime, Utc};
use shared::{
    domain::AttemptId,
    erasure::{Digest, ErasureKey},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    attempts::AttemptRef,
    audit::{self, NewEntry},
    reported::{self, Meanings, Reported},
};

/// A message at Twilio.
pub(crate) struct Found {
    pub(crate) sid: String,
    pub(crate) channel: &'static str,
    /// E.164.
    pub(crate) phone: String,
    pub(crate) status: String,
    pub(crate) rank: i16,
    pub(crate) error_code: Option<i32>,
    pub(crate) body_sha256: [u8; 32],
    pub(crate) segments: i16,
    pub(crate) created_at: DateTime<Utc>,
}

/// Writes an audit entry for the recording of messages, before any of them is recorded.
pub(crate) async fn note(
    pool: &PgPool,
    since: DateTime<Utc>,
    actor: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let subject = format!("messages since {since}");
    audit::note(&mut tx, &NewEntry { actor, action: "recover", subject: &subject, reason }).await?;
    tx.commit().await
}

/// Which of `phones` may not be texted: an attempt blocks them, or they were welcomed before their users were erased.
pub(crate) async fn blocked(
    pool: &PgPool,
    key: Option<&ErasureKey>,
    phones: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    let digests: Vec<Digest> =
        key.map_or_else(Vec::new, |key| phones.iter().map(|phone| key.number(phone)).collect());
    let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    sqlx::query_scalar!(
        r#"SELECT phone_e164 AS "phone!" FROM attempts WHERE phone_e164 = ANY($1) AND blocks
           UNION
           SELECT i.phone FROM unnest($1::text[], $2::bytea[]) AS i(phone, digest)
           JOIN erased_numbers e ON e.digest = i.digest AND e.welcomed"#,
        phones as &[&str],
        &digests as &[&[u8]],
    )
    .fetch_all(pool)
    .await
}

/// Which of `sids`, of messages to `phones`, belong to attempts, whether these block or not.
pub(crate) async fn known(pool: &PgPool, phones: &[&str], sids: &[&str]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT sid AS "sid!" FROM attempts WHERE phone_e164 = ANY($1) AND blocks AND sid = ANY($2)
           UNION ALL
           SELECT sid FROM attempts WHERE phone_e164 = ANY($1) AND NOT blocks AND sid = ANY($2)
           UNION ALL
           SELECT message_sid FROM message_attempts WHERE phone_e164 = ANY($1) AND message_sid = ANY($2)"#,
        phones as &[&str],
        sids as &[&str],
    )
    .fetch_all(pool)
    .await
}

/// Records messages as accepted attempts, so that their numbers are not texted again, and registers the users of these
/// numbers who wait. Messages to a number that an attempt blocks, and all but one to the same number, change nothing. Returns the
/// SIDs that were recorded. What follows from their statuses follows as after callbacks.
pub(crate) async fn record(
    pool: &PgPool,
    found: &[&Found],
    meanings: &dyn Meanings,
) -> Result<Vec<String>, sqlx::Error> {
    let ids: Vec<Uuid> = found.iter().map(|_| AttemptId::new().uuid()).collect();
    let sids: Vec<&str> = found.iter().map(|f| f.sid.as_str()).collect();
    let phones: Vec<&str> = found.iter().map(|f| f.phone.as_str()).collect();
    let statuses: Vec<&str> = found.iter().map(|f| f.status.as_str()).collect();
    let ranks: Vec<i16> = found.iter().map(|f| f.rank).collect();
    let codes: Vec<Option<i32>> = found.iter().map(|f| f.error_code).collect();
    let bodies: Vec<&[u8]> = found.iter().map(|f| &f.body_sha256[..]).collect();
    let segments: Vec<i16> = found.iter().map(|f| f.segments).collect();
    let created: Vec<DateTime<Utc>> = found.iter().map(|f| f.created_at).collect();
    let channels: Vec<&str> = found.iter().map(|f| f.channel).collect();
    let mut tx = pool.begin().await?;
    let recorded = sqlx::query!(
        r#"INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                                 segments, claimed_at, lease_until, sid, twilio_status, status_rank, error_code, channel)
           SELECT i.message_id, coalesce(u.user_id, ''), i.phone, 'accepted', coalesce(u.lane, 'live'), 'recovered',
                  coalesce(u.language, ''), i.body, i.segments, i.created, i.created, i.sid, i.status, i.rank, i.code,
                  i.channel
           FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int2[], $6::int4[], $7::bytea[], $8::int2[],
                       $9::timestamptz[], $10::text[])
                AS i(message_id, sid, phone, status, rank, code, body, segments, created, channel)
           -- Users have no index by number: all are looked for at once.
           LEFT JOIN (SELECT DISTINCT ON (phone_e164) phone_e164, user_id, lane, language FROM users
                      WHERE phone_e164 = ANY($3) ORDER BY phone_e164, created_at, user_id) u ON u.phone_e164 = i.phone
           ON CONFLICT DO NOTHING
           RETURNING message_id, user_id, sid AS "sid!", phone_e164, channel, twilio_status AS "status!", error_code"#,
        &ids,
        &sids as &[&str],
        &phones as &[&str],
        &statuses as &[&str],
        &ranks,
        &codes as &[Option<i32>],
        &bodies as &[&[u8]],
        &segments,
        &created,
        &channels as &[&str],
    )
    .fetch_all(&mut *tx)
    .await?;
    let (attempts, users): (Vec<Uuid>, Vec<String>) =
        recorded.iter().map(|r| (r.message_id, r.user_id.clone())).unzip();
    sqlx::query!(
        "UPDATE users u SET state = 'registered', reason = NULL, attempt_id = i.message_id, next_attempt_at = NULL,
                            registered_at = coalesce(u.registered_at, now()), updated_at = now()
         FROM UNNEST($1::uuid[], $2::text[]) AS i(message_id, user_id)
         WHERE u.user_id = i.user_id AND u.state IN ('stored', 'received')",
        &attempts,
        &users,
    )
    .execute(&mut *tx)
    .await?;
    for row in &recorded {
        let report = Reported {
            attempt: AttemptRef::welcome(row.message_id),
            phone: &row.phone_e164,
            channel: &row.channel,
            status: &row.status,
            error_code: row.error_code,
            had_let_go: false,
        };
        // The template is not known.
        let _ = reported::follow(&mut tx, &report, meanings).await?;
    }
    tx.commit().await?;
    Ok(recorded.into_iter().map(|r| r.sid).collect())
}
