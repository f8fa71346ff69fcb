//! The claim of a fallback: one transaction ends the block of the attempt that did not arrive, and writes the attempt by SMS
//! under the same key. The unique indexes decide as for every claim; the offer in `fallbacks` is locked, so of two workers
//! one gets it, and a late arrival either comes before or finds the second attempt.

use std::time::Duration;

use shared::{consent, erasure::Digest};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    attempts::{AttemptRef, Heap},
    budget, claim,
};

/// Claims fallbacks, one at a time: they are rare.
pub(crate) struct ClaimFallback {
    pub(crate) pool: PgPool,
    pub(crate) worker_id: String,
    /// How long a claim is ours, on the database's clock.
    pub(crate) lease: Duration,
    /// 0: unlimited. Counts welcomes alone.
    pub(crate) messages_per_day: i32,
}

/// One fallback to claim.
pub(crate) struct FallbackRequest {
    pub(crate) first: AttemptRef,
    pub(crate) attempt_id: Uuid,
    pub(crate) body_sha256: [u8; 32],
    pub(crate) segments: i16,
    /// Of the number. None: nobody was erased.
    pub(crate) digest: Option<Digest>,
    /// A welcome by SMS needs a consent.
    pub(crate) consent_required: bool,
}

/// The result of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FallbackClaim {
    /// The message is ours to send by SMS, now.
    Yes,
    /// `MAX_MESSAGES_PER_DAY` is reached; nothing was written.
    Capped,
    /// The number is stopped, or did not agree to SMS: there is no fallback.
    Refused,
    /// It was claimed, dropped or ended meanwhile.
    Gone,
}

impl ClaimFallback {
    /// Claims one fallback.
    pub(crate) async fn run(&self, request: &FallbackRequest) -> Result<FallbackClaim, sqlx::Error> {
        let mut tx = claim::begin(&self.pool).await?;
        let counted = if request.first.heap == Heap::Welcomes { self.messages_per_day } else { 0 };
        if budget::left(&mut tx, counted).await? == 0 {
            return Ok(FallbackClaim::Capped);
        }
        // The commit of an earlier try may have gone through although its answer was lost.
        let offer = sqlx::query!(
            r#"SELECT next_try_at IS NOT NULL AS "open!", coalesce(fallback = $2, false) AS "ours!" FROM fallbacks
               WHERE attempt_id = $1 AND (next_try_at IS NULL OR until > now()) FOR UPDATE"#,
            request.first.attempt_id,
            request.attempt_id,
        );
        match offer.fetch_optional(&mut *tx).await? {
            Some(offer) if offer.ours => {
                // It may not be on the disk yet.
                consent::commit(tx, &self.pool).await?;
                return Ok(FallbackClaim::Yes);
            }
            Some(offer) if offer.open => {}
            _ => return Ok(FallbackClaim::Gone),
        }
        if !self.free_first(&mut tx, request).await? {
            end(&mut tx, request, "refused").await?;
            consent::commit(tx, &self.pool).await?;
            return Ok(FallbackClaim::Refused);
        }
        self.insert(&mut tx, request).await?;
        sqlx::query!(
            "UPDATE fallbacks SET next_try_at = NULL, fallback = $2 WHERE attempt_id = $1",
            request.first.attempt_id,
            request.attempt_id,
        )
        .execute(&mut *tx)
        .await?;
        budget::use_up(&mut tx, counted, 1).await?;
        consent::commit(tx, &self.pool).await?;
        Ok(FallbackClaim::Yes)
    }

    /// Ends the block of the first attempt, unless nothing may go to its number by SMS. False: it may not.
    async fn free_first(
        &self,
        tx: &mut PgConnection,
        request: &FallbackRequest,
    ) -> Result<bool, sqlx::Error> {
        let digest = request.digest.as_ref().map(|digest| &digest[..]);
        let freed = match request.first.heap {
            Heap::Welcomes => sqlx::query_scalar!(
                "UPDATE attempts a SET blocks = false, updated_at = now()
                 WHERE a.message_id = $1 AND a.blocks AND a.outcome = 'accepted'
                   AND a.twilio_status IN ('failed', 'undelivered')
                   AND (SELECT s.id FROM suppressions s WHERE s.phone_e164 = a.phone_e164 AND s.lifted_at IS NULL) IS NULL
                   AND (SELECT q.user_id FROM silenced_users q WHERE q.user_id = a.user_id) IS NULL
                   AND (SELECT e.digest FROM erased_numbers e WHERE e.digest = $2 AND e.suppressed) IS NULL
                   AND ($2::bytea IS NOT NULL OR (SELECT k.singleton FROM erasure_key k) IS NULL)
                   AND (NOT $3 OR agrees_to('onboarding', 'sms', a.user_id, a.phone_e164))
                   AND NOT withdrew('onboarding', 'sms', a.user_id, a.phone_e164)
                   -- Another number may be somebody else's by now.
                   AND (SELECT u.user_id FROM users u WHERE u.user_id = a.user_id AND u.state <> 'stored'
                          AND u.phone_e164 IS DISTINCT FROM a.phone_e164) IS NULL
                 RETURNING a.message_id",
                request.first.attempt_id,
                digest,
                request.consent_required,
            )
            .fetch_optional(tx)
            .await?,
            Heap::Messages => sqlx::query_scalar!(
                "UPDATE message_attempts a SET blocks = false, updated_at = now()
                 WHERE a.message_id = $1 AND a.attempt_id = $2 AND a.blocks AND a.outcome = 'accepted'
                   AND a.status IN ('failed', 'undelivered')
                   AND (SELECT s.id FROM suppressions s WHERE s.phone_e164 = a.phone_e164 AND s.lifted_at IS NULL) IS NULL
                   AND (SELECT q.user_id FROM silenced_users q WHERE q.user_id = a.user_id) IS NULL
                   AND (a.kind <> 'tip' OR agrees_to('tips', 'sms', a.user_id, a.phone_e164))
                   AND NOT withdrew('onboarding', 'sms', a.user_id, a.phone_e164)
                   AND (SELECT u.user_id FROM users u WHERE u.user_id = a.user_id AND u.state <> 'stored'
                          AND u.phone_e164 IS DISTINCT FROM a.phone_e164) IS NULL
                   AND (SELECT m.message_id FROM messages m
                        WHERE m.message_id = a.message_id AND m.expires_at <= calendar_now()) IS NULL
                 RETURNING a.message_id",
                request.first.message_id,
                request.first.attempt_id,
            )
            .fetch_optional(tx)
            .await?,
        };
        Ok(freed.is_some())
    }

    async fn insert(&self, tx: &mut PgConnection, request: &FallbackRequest) -> Result<(), sqlx::Error> {
        let (first, id) = (request.first, request.attempt_id);
        let lease = self.lease.as_secs_f64();
        match first.heap {
            Heap::Welcomes => {
                sqlx::query!(
                    "WITH claimed AS (
                         INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256,
                                               segments, claimed_at, lease_until, traceparent, channel, fallback_of)
                         SELECT $2, user_id, phone_e164, lane, $3, language, $4, $5, c.at,
                                c.at + make_interval(secs => $6), traceparent, 'sms', message_id
                         FROM attempts, (SELECT clock_timestamp() AS at) c WHERE message_id = $1
                         RETURNING message_id, user_id, phone_e164, fallback_of
                     ), leased AS (
                         INSERT INTO leases (lease_until, message_ids)
                         SELECT now() + make_interval(secs => $6), ARRAY[message_id] FROM claimed
                     )
                     UPDATE users u SET attempt_id = c.message_id, updated_at = now()
                     FROM claimed c WHERE u.user_id = c.user_id AND u.attempt_id = c.fallback_of",
                    first.attempt_id,
                    id,
                    self.worker_id,
                    &request.body_sha256[..],
                    request.segments,
                    lease,
                )
                .execute(tx)
                .await?;
            }
            Heap::Messages => {
                sqlx::query!(
                    "WITH claimed AS (
                         INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164,
                                                       worker_id, language, body_sha256, segments, claimed_at,
                                                       traceparent, fallback_of)
                         SELECT $3, message_id, kind, 'sms', lane, user_id, phone_e164, $4, language, $5, $6,
                                clock_timestamp(), traceparent, attempt_id
                         FROM message_attempts WHERE message_id = $1 AND attempt_id = $2
                         RETURNING message_id, attempt_id
                     ), leased AS (
                         INSERT INTO message_leases (lease_until, message_ids, attempt_ids)
                         SELECT now() + make_interval(secs => $7), ARRAY[message_id], ARRAY[attempt_id] FROM claimed
                     )
                     UPDATE messages m SET attempt_id = c.attempt_id, channel = 'sms', updated_at = now()
                     FROM claimed c WHERE m.message_id = c.message_id",
                    first.message_id,
                    first.attempt_id,
                    id,
                    self.worker_id,
                    &request.body_sha256[..],
                    request.segments,
                    lease,
                )
                .execute(tx)
                .await?;
            }
        }
        Ok(())
    }
}

async fn end(tx: &mut PgConnection, request: &FallbackRequest, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE fallbacks SET next_try_at = NULL, reason = $2 WHERE attempt_id = $1",
        request.first.attempt_id,
        reason,
    )
    .execute(tx)
    .await
    .map(drop)
}
