//! The claim of a message of any kind but the welcome: the right to make one call for it, written before the call. The
//! unique indexes decide: one blocking attempt per message, and one message per key.

use std::{collections::HashMap, time::Duration};

use shared::{consent, erasure::Digest};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::claim;
use crate::store::batch::{Keyed, Statement};

/// Claims many messages in one transaction.
pub(crate) struct ClaimMessages {
    pub(crate) pool: PgPool,
    pub(crate) worker_id: String,
    /// How long a claim is ours, on the database's clock.
    pub(crate) lease: Duration,
    /// Whether this worker has the key of the digests of erased people.
    pub(crate) has_key: bool,
}

/// One message to claim.
pub(crate) struct MessageClaimRequest {
    pub(crate) message_id: Uuid,
    pub(crate) attempt_id: Uuid,
    pub(crate) user_id: String,
    /// The channel of this attempt. A fallback differs from the planned channel.
    pub(crate) channel: &'static str,
    pub(crate) body_sha256: [u8; 32],
    pub(crate) content_sid: Option<String>,
    pub(crate) segments: i16,
    pub(crate) traceparent: Option<String>,
    /// Of the number. None: nobody was erased.
    pub(crate) digest: Option<Digest>,
}

/// The result of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageClaimResult {
    /// The message is ours to send, now.
    Yes,
    /// The number is suppressed: the message is skipped.
    Suppressed,
    /// The user has another number by now, or none: it is skipped.
    NumberChanged,
    /// A conversation with staff is open: it waits.
    InConversation,
    /// Its time is over: it is skipped.
    Stale,
    /// Another message has one of its keys: it is skipped.
    Duplicate,
    /// It is claimed, sent or skipped already; nothing was written.
    Gone,
}

impl MessageClaimResult {
    /// Why the message is skipped, as stored.
    fn skips(self) -> Option<&'static str> {
        match self {
            Self::Suppressed => Some("opted_out"),
            Self::NumberChanged => Some("number_changed"),
            Self::Stale => Some("stale"),
            Self::Duplicate => Some("duplicate"),
            Self::Yes | Self::InConversation | Self::Gone => None,
        }
    }
}

/// What a claim found.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of one row")]
struct Found {
    message_id: Uuid,
    suppressed: bool,
    number_changed: bool,
    stale: bool,
    talking: bool,
    waiting: bool,
    ours: bool,
    duplicate: bool,
}

impl Found {
    fn result(&self) -> MessageClaimResult {
        match self.waiting {
            _ if self.ours => MessageClaimResult::Yes,
            true if self.suppressed => MessageClaimResult::Suppressed,
            true if self.number_changed => MessageClaimResult::NumberChanged,
            true if self.stale => MessageClaimResult::Stale,
            true if self.talking => MessageClaimResult::InConversation,
            true if self.duplicate => MessageClaimResult::Duplicate,
            _ => MessageClaimResult::Gone,
        }
    }
}

impl Keyed for MessageClaimRequest {
    fn keys(&self) -> [&str; 2] {
        [&self.user_id, ""]
    }
}

impl Statement for ClaimMessages {
    type Row = MessageClaimRequest;
    type Answer = MessageClaimResult;

    async fn run(&self, rows: &[MessageClaimRequest]) -> Result<Vec<MessageClaimResult>, sqlx::Error> {
        let mut tx = claim::begin(&self.pool).await?;
        delete_expired_keys(&mut tx, rows).await?;
        let mut granted = self.claim(&mut tx, rows).await?;
        let skipped: Vec<(Uuid, &str)> =
            granted.iter().filter_map(|(id, granted)| Some((*id, granted.skips()?))).collect();
        if !skipped.is_empty() {
            for waiting in skip(&mut tx, &skipped).await? {
                granted.insert(waiting, MessageClaimResult::Gone);
            }
        }
        consent::commit(tx, &self.pool).await?;
        let answer = |row: &MessageClaimRequest| granted.get(&row.message_id).copied();
        Ok(rows.iter().map(|row| answer(row).unwrap_or(MessageClaimResult::Gone)).collect())
    }
}

impl ClaimMessages {
    /// Suppression, expiry and keys are checked by the statement that claims.
    async fn claim(
        &self,
        tx: &mut PgConnection,
        rows: &[MessageClaimRequest],
    ) -> Result<HashMap<Uuid, MessageClaimResult>, sqlx::Error> {
        let messages: Vec<Uuid> = rows.iter().map(|r| r.message_id).collect();
        let attempts: Vec<Uuid> = rows.iter().map(|r| r.attempt_id).collect();
        let channels: Vec<&str> = rows.iter().map(|r| r.channel).collect();
        let bodies: Vec<&[u8]> = rows.iter().map(|r| &r.body_sha256[..]).collect();
        let contents: Vec<Option<&str>> = rows.iter().map(|r| r.content_sid.as_deref()).collect();
        let segments: Vec<i16> = rows.iter().map(|r| r.segments).collect();
        let traces: Vec<Option<&str>> = rows.iter().map(|r| r.traceparent.as_deref()).collect();
        let digests: Vec<Option<&[u8]>> = rows.iter().map(|r| r.digest.as_ref().map(|d| &d[..])).collect();
        let found = sqlx::query_as!(
            Found,
            r#"WITH input AS (
                   SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int2[], $7::text[],
                                        $10::bytea[])
                       AS i(message_id, attempt_id, channel, body_sha256, content_sid, segments, traceparent, digest)
               ), locked AS (
                   SELECT m.message_id, m.kind, m.lane, m.user_id, m.phone_e164, m.language, m.state, m.keys,
                          m.keys_expire_on, m.attempt_id AS last_attempt, i.attempt_id, i.channel, i.body_sha256,
                          i.content_sid, i.segments, i.traceparent, coalesce(m.expires_at <= calendar_now(), false) AS stale,
                          -- An answer to a message of the same person is no message that was not asked for.
                          NOT answers.it AND (
                              -- Asked one by one, they are never joined as a whole.
                              (SELECT s.id FROM suppressions s WHERE s.phone_e164 = m.phone_e164
                                  AND s.lifted_at IS NULL AND s.channel IN ('any', i.channel)) IS NOT NULL
                              OR (SELECT q.user_id FROM silenced_users q WHERE q.user_id = m.user_id) IS NOT NULL
                              -- Stopped before its user was erased; the next welcome enters the stop again.
                              OR (SELECT e.digest FROM erased_numbers e WHERE e.digest = i.digest AND e.suppressed) IS NOT NULL
                              OR NOT $11 AND (SELECT k.singleton FROM erasure_key k) IS NOT NULL
                              OR m.kind = 'tip' AND (SELECT t.phone_e164 FROM tip_suppressions t WHERE t.phone_e164 = m.phone_e164
                                                         AND t.channel IN ('any', i.channel)) IS NOT NULL
                              -- Few users said something before a number of theirs was known.
                              OR CASE WHEN (SELECT k.person_key FROM person_keys k
                                      WHERE coalesce(k.user_id, '') = m.user_id AND coalesce(k.phone_e164, '') = '') IS NOT NULL
                                  THEN m.kind = 'tip' AND tips_withdrawn(m.user_id, m.phone_e164, i.channel)
                                      OR i.channel = 'sms' AND withdrew('onboarding', 'sms', m.user_id, m.phone_e164)
                                  ELSE false END) AS suppressed,
                          NOT answers.it AND (SELECT u.user_id FROM users u WHERE u.user_id = m.user_id
                                              AND u.state <> 'stored' AND u.phone_e164 IS DISTINCT FROM m.phone_e164) IS NOT NULL AS number_changed,
                          -- Tips go on, except after a sign of danger or a loss. Notices to staff have no user.
                          m.kind <> 'reply' AND m.user_id <> '' AND in_conversation(m.phone_e164, m.kind = 'tip') AS talking
                   FROM input i JOIN messages m ON m.message_id = i.message_id,
                        LATERAL (SELECT m.kind = 'reply' AND EXISTS (
                                     SELECT FROM unnest(m.keys) k WHERE k LIKE 'inbound:%')) AS answers(it)
                   ORDER BY m.message_id FOR UPDATE OF m
               ), free AS (
                   SELECT * FROM locked WHERE state = 'waiting' AND NOT stale AND NOT suppressed AND NOT number_changed AND NOT talking
               ), wanted AS (
                   SELECT f.message_id, f.keys_expire_on, k.key FROM free f, unnest(f.keys) AS k(key)
               ), keyed AS (
                   INSERT INTO message_keys (key, message_id, expires_on)
                   SELECT key, message_id, keys_expire_on FROM wanted ORDER BY key COLLATE "C", message_id
                   ON CONFLICT DO NOTHING
                   RETURNING key, message_id
               ), missing AS (
                   SELECT w.message_id FROM wanted w
                   LEFT JOIN keyed n ON n.key = w.key AND n.message_id = w.message_id
                   LEFT JOIN message_keys k ON k.key = w.key AND k.message_id = w.message_id
                   WHERE n.key IS NULL AND k.key IS NULL
               ), claimed AS (
                   INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164,
                                                 worker_id, language, body_sha256, content_sid, segments, claimed_at,
                                                 traceparent)
                   SELECT f.attempt_id, f.message_id, f.kind, f.channel, f.lane, f.user_id, f.phone_e164,
                          -- As in the claim of a welcome.
                          $8, f.language, f.body_sha256, f.content_sid, f.segments, clock_timestamp(), f.traceparent
                   FROM free f WHERE f.message_id NOT IN (SELECT message_id FROM missing)
                   ORDER BY f.message_id
                   ON CONFLICT DO NOTHING
                   RETURNING message_id, attempt_id
               ), leased AS (
                   INSERT INTO message_leases (lease_until, message_ids, attempt_ids)
                   SELECT now() + make_interval(secs => $9), array_agg(message_id), array_agg(attempt_id)
                   FROM claimed HAVING count(*) > 0
               ), moved AS (
                   UPDATE messages m SET state = 'claimed', reason = NULL, next_attempt_at = NULL,
                                         attempt_id = c.attempt_id, updated_at = now()
                   FROM claimed c WHERE m.message_id = c.message_id
               )
               SELECT l.message_id, l.suppressed AS "suppressed!", l.number_changed AS "number_changed!", l.stale AS "stale!", l.talking AS "talking!",
                      l.state = 'waiting' AS "waiting!",
                      -- The commit of an earlier try went through although its answer was lost.
                      c.attempt_id IS NOT NULL OR l.state = 'claimed' AND l.last_attempt = l.attempt_id AS "ours!",
                      l.message_id IN (SELECT message_id FROM missing) AS "duplicate!"
               FROM locked l LEFT JOIN claimed c USING (message_id)"#,
            &messages,
            &attempts,
            &channels as &[&str],
            &bodies as &[&[u8]],
            &contents as &[Option<&str>],
            &segments,
            &traces as &[Option<&str>],
            self.worker_id,
            self.lease.as_secs_f64(),
            &digests as &[Option<&[u8]>],
            self.has_key,
        )
        .fetch_all(tx)
        .await?;
        Ok(found.iter().map(|row| (row.message_id, row.result())).collect())
    }
}

/// A key that has expired blocks nothing, whether or not it was deleted by retention.
async fn delete_expired_keys(tx: &mut PgConnection, rows: &[MessageClaimRequest]) -> Result<(), sqlx::Error> {
    let messages: Vec<Uuid> = rows.iter().map(|r| r.message_id).collect();
    sqlx::query!(
        "DELETE FROM message_keys k USING messages m
         WHERE m.message_id = ANY($1) AND k.key = ANY(m.keys)
           AND k.expires_on < ((SELECT calendar_now()) AT TIME ZONE 'Asia/Kathmandu')::date",
        &messages,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Ends messages that may not be sent. Keys that this transaction inserted for them are free again: a claim inserts all
/// its keys or none. Returns those that wait after all: each key that seemed to be another message's is that of a message
/// which lost its keys here as well, or proved to be its own, inserted by a claim that committed meanwhile.
async fn skip(tx: &mut PgConnection, skipped: &[(Uuid, &str)]) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = skipped.iter().map(|(id, _)| *id).collect();
    let reasons: Vec<&str> = skipped.iter().map(|(_, reason)| *reason).collect();
    sqlx::query_scalar!(
        r#"WITH input AS (
               SELECT * FROM UNNEST($1::uuid[], $2::text[]) AS i(message_id, reason)
           ), decided AS (
               SELECT m.message_id, m.keys, i.reason, m.attempt_id IS NOT NULL AS claimed_before,
                      i.reason <> 'duplicate' OR EXISTS (
                   SELECT FROM message_keys k WHERE k.key = ANY(m.keys) AND k.message_id <> m.message_id
                     AND k.message_id NOT IN (SELECT message_id FROM input WHERE reason = 'duplicate')) AS final
               FROM input i JOIN messages m ON m.message_id = i.message_id WHERE m.state = 'waiting'
           ), moved AS (
               UPDATE messages m SET state = CASE WHEN d.final THEN 'skipped' ELSE 'waiting' END,
                   reason = CASE WHEN d.final THEN d.reason END,
                   next_attempt_at = CASE WHEN NOT d.final THEN calendar_now() END, updated_at = now()
               FROM decided d WHERE m.message_id = d.message_id
           ), freed AS (
               DELETE FROM message_keys k USING decided d
               -- One that was claimed before and waits for another attempt keeps its keys.
               WHERE d.reason = 'duplicate' AND (d.final OR NOT d.claimed_before)
                 AND k.key = ANY(d.keys) AND k.message_id = d.message_id
           )
           SELECT message_id AS "message_id!" FROM decided WHERE NOT final"#,
        &ids,
        &reasons as &[&str],
    )
    .fetch_all(tx)
    .await
}
