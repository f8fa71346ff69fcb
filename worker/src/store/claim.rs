//! The claim: the right to text one number, written before the call. The unique index on the number
//! decides; this module asks it and reports the result.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use shared::{
    domain::AttemptId,
    erasure::{Digest, ErasureKey},
    events_out,
    lane::QueueLane,
};
use sqlx::{Executor as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::{
    budget,
    record::{self, NewState},
};
use crate::store::batch::{Keyed, Statement};

/// The way into a claim: whoever silences a number waits for the end of its transaction, or it begins after their commit and
/// sees what they wrote. A statement of its own: if it fails in the one that begins, the connection would go back to the
/// pool within a failed transaction. A mode that a backup, which reads every table, does not conflict with.
const PASS_GATE: &str = "LOCK TABLE claim_gate IN ROW EXCLUSIVE MODE";

/// Begins the transaction of a claim.
pub(super) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    tx.execute(PASS_GATE).await?;
    Ok(tx)
}

/// Claims many numbers in one transaction.
pub(crate) struct Claim {
    pub(crate) pool: PgPool,
    pub(crate) worker_id: String,
    /// How long a claim is ours, on the database's clock.
    pub(crate) lease: Duration,
    /// 0: unlimited.
    pub(crate) messages_per_day: i32,
    /// None: no person was erased.
    pub(crate) erasure: Option<ErasureKey>,
}

/// One number to claim. `user.attempt` is set.
pub(crate) struct ClaimRequest {
    pub(crate) user: NewState,
    pub(crate) message_id: AttemptId,
    /// E.164.
    pub(crate) phone: String,
    pub(crate) body_sha256: [u8; 32],
    pub(crate) segments: i16,
}

/// The result of a claim request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimResult {
    /// The number is ours to text, now.
    Yes,
    /// Another user's attempt holds the number.
    Shared,
    /// Her own earlier attempt holds the number.
    Hers,
    /// The number had its welcome before its user was erased.
    WelcomedBefore,
    /// The number was stopped before its user was erased, and has a user again: the stop is to be restored first.
    StoppedBefore,
    /// The number is suppressed.
    Suppressed,
    /// `MAX_MESSAGES_PER_DAY` is reached; nothing was written.
    Capped,
    /// Newer data came in, or the holder just let go: look again.
    LookAgain,
}

impl Keyed for ClaimRequest {
    fn keys(&self) -> [&str; 2] {
        self.user.keys()
    }
}

impl Statement for Claim {
    type Row = ClaimRequest;
    type Answer = ClaimResult;

    async fn run(&self, rows: &[ClaimRequest]) -> Result<Vec<ClaimResult>, sqlx::Error> {
        let mut tx = begin(&self.pool).await?;
        let allowed = budget::left(&mut tx, self.messages_per_day).await?.min(rows.len());
        let (requests, capped) = rows.split_at(allowed);
        let users: Vec<&NewState> = requests.iter().map(|w| &w.user).collect();
        let recorded: HashSet<String> =
            record::write(&mut tx, &users, self.erasure.as_ref()).await?.into_iter().collect();
        let held: Vec<&ClaimRequest> =
            requests.iter().filter(|w| recorded.contains(w.user.facts.user_id.as_str())).collect();
        let granted: HashSet<Uuid> = self.insert(&mut tx, &held).await?.into_iter().collect();
        let missed: Vec<&ClaimRequest> =
            held.into_iter().filter(|w| !granted.contains(&w.message_id.uuid())).collect();
        let results = if missed.is_empty() { HashMap::new() } else { self.explain(&mut tx, &missed).await? };
        let mut answers: Vec<ClaimResult> = requests
            .iter()
            .map(|w| match results.get(w.user.facts.user_id.as_str()) {
                Some(result) => *result,
                None if granted.contains(&w.message_id.uuid()) => ClaimResult::Yes,
                None => ClaimResult::LookAgain,
            })
            .collect();
        budget::use_up(&mut tx, self.messages_per_day, granted.len()).await?;
        tx.commit().await?;
        answers.extend(capped.iter().map(|_| ClaimResult::Capped));
        Ok(answers)
    }
}

impl Claim {
    /// Suppression is checked again here, by the statement that claims. The users' rows were written for these attempts
    /// in the same transaction, so no other transaction changes them meanwhile.
    async fn insert(
        &self,
        tx: &mut PgConnection,
        requests: &[&ClaimRequest],
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let ids: Vec<Uuid> = requests.iter().map(|w| w.message_id.uuid()).collect();
        let users: Vec<&str> = requests.iter().map(|w| w.user.facts.user_id.as_str()).collect();
        let phones: Vec<&str> = requests.iter().map(|w| w.phone.as_str()).collect();
        let lanes: Vec<QueueLane> = requests.iter().map(|w| w.user.facts.lane).collect();
        let languages: Vec<&str> = requests.iter().map(|w| w.user.facts.language.as_str()).collect();
        let bodies: Vec<&[u8]> = requests.iter().map(|w| &w.body_sha256[..]).collect();
        let segments: Vec<i16> = requests.iter().map(|w| w.segments).collect();
        let digests = self.digests(requests);
        let digests: Vec<Option<&[u8]>> = digests.iter().map(|d| d.as_ref().map(|d| &d[..])).collect();
        let traces: Vec<Option<&str>> =
            requests.iter().map(|w| w.user.facts.traceparent.as_deref()).collect();
        sqlx::query_scalar!(
            r#"WITH claimed AS (
                   INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256,
                                         segments, lease_until, traceparent)
                   SELECT i.message_id, i.user_id, i.phone, i.lane, $8, i.language, i.body_sha256, i.segments,
                          now() + make_interval(secs => $9), i.traceparent
                   FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::lane[], $5::text[], $6::bytea[], $7::int2[],
                               $10::text[], $11::bytea[])
                        AS i(message_id, user_id, phone, lane, language, body_sha256, segments, traceparent, digest)
                   -- Asked by itself, it is never joined as a whole.
                   WHERE (SELECT s.id FROM suppressions s WHERE s.phone_e164 = i.phone AND s.lifted_at IS NULL) IS NULL
                     AND (SELECT u.user_id FROM silenced_users u WHERE u.user_id = i.user_id) IS NULL
                     AND (SELECT e.digest FROM erased_numbers e
                          WHERE e.digest = i.digest AND (e.welcomed OR e.suppressed)) IS NULL
                     -- A worker without the key of the digests cannot look at them, and is about to end.
                     AND ($12 OR (SELECT k.singleton FROM erasure_key k) IS NULL)
                   ORDER BY i.phone COLLATE "C"
                   ON CONFLICT DO NOTHING
                   RETURNING message_id
               ), leased AS (
                   INSERT INTO leases (lease_until, message_ids)
                   SELECT now() + make_interval(secs => $9), array_agg(message_id) FROM claimed HAVING count(*) > 0
               )
               SELECT message_id FROM claimed"#,
            &ids,
            &users as &[&str],
            &phones as &[&str],
            &lanes as &[QueueLane],
            &languages as &[&str],
            &bodies as &[&[u8]],
            &segments,
            self.worker_id,
            self.lease.as_secs_f64(),
            &traces as &[Option<&str>],
            &digests as &[Option<&[u8]>],
            self.erasure.is_some(),
        )
        .fetch_all(tx)
        .await
    }

    /// Why these users were recorded but got no claim. Corrects their rows accordingly.
    async fn explain(
        &self,
        tx: &mut PgConnection,
        missed: &[&ClaimRequest],
    ) -> Result<HashMap<String, ClaimResult>, sqlx::Error> {
        let users: Vec<String> = missed.iter().map(|w| w.user.facts.user_id.to_string()).collect();
        let phones: Vec<String> = missed.iter().map(|w| w.phone.clone()).collect();
        let ids: Vec<Uuid> = missed.iter().map(|w| w.message_id.uuid()).collect();
        let digests = self.digests(missed);
        let digests: Vec<Option<&[u8]>> = digests.iter().map(|d| d.as_ref().map(|d| &d[..])).collect();
        let rows = sqlx::query!(
            // Locked, so that a transaction that frees the number afterwards sees the users that are linked to it here.
            r#"WITH holders AS (
                   SELECT message_id, user_id, phone_e164 FROM attempts
                   WHERE phone_e164 = ANY($2) AND blocks ORDER BY message_id FOR SHARE
               ), held AS (
                   SELECT m.user_id, m.message_id, b.message_id AS holder, b.user_id AS holder_user,
                          s.id IS NOT NULL OR q.user_id IS NOT NULL AS suppressed,
                          coalesce(s.wrong_number, false) AS wrong_number, coalesce(e.welcomed, false) AS welcomed_before,
                          coalesce(e.suppressed, false) AS stopped_before
                   FROM UNNEST($1::text[], $2::text[], $3::uuid[], $4::bytea[]) AS m(user_id, phone, message_id, digest)
                   LEFT JOIN holders b ON b.phone_e164 = m.phone
                   LEFT JOIN suppressions s ON s.phone_e164 = m.phone AND s.lifted_at IS NULL
                   LEFT JOIN silenced_users q ON q.user_id = m.user_id
                   LEFT JOIN erased_numbers e ON e.digest = m.digest
               )
               UPDATE users u SET
                   state = CASE WHEN h.wrong_number THEN 'rejected'
                                WHEN h.holder IS NOT NULL OR h.welcomed_before THEN 'registered'
                                WHEN h.suppressed THEN 'suppressed' ELSE 'received' END::user_state,
                   reason = CASE WHEN h.wrong_number THEN 'wrong_number'
                                 WHEN h.holder_user <> u.user_id THEN 'shared_phone'
                                 WHEN h.holder IS NOT NULL THEN NULL
                                 WHEN h.welcomed_before THEN 'already_welcomed'
                                 WHEN h.suppressed THEN 'opted_out' END,
                   attempt_id = CASE WHEN h.holder_user = u.user_id THEN h.holder END
               FROM held h WHERE u.user_id = h.user_id
               RETURNING u.user_id, h.message_id AS "message_id!", h.holder AS "holder?", h.holder_user AS "holder_user?",
                         h.suppressed AS "suppressed!", h.welcomed_before AS "welcomed_before!",
                         h.stopped_before AS "stopped_before!", u.state = 'rejected' AS "rejected!""#,
            &users,
            &phones,
            &ids,
            &digests as &[Option<&[u8]>],
        )
        .fetch_all(&mut *tx)
        .await?;
        let rejected: Vec<String> = rows.iter().filter(|r| r.rejected).map(|r| r.user_id.clone()).collect();
        events_out::numbers_rejected(tx, &rejected).await?;
        let results = rows.into_iter().map(|row| {
            let hers = row.holder_user.as_deref() == Some(row.user_id.as_str());
            let result = match row.holder {
                // The commit of an earlier try went through although its answer was lost.
                Some(holder) if holder == row.message_id => ClaimResult::Yes,
                _ if row.stopped_before => ClaimResult::StoppedBefore,
                Some(_) if hers => ClaimResult::Hers,
                Some(_) => ClaimResult::Shared,
                None if row.welcomed_before => ClaimResult::WelcomedBefore,
                None if row.suppressed => ClaimResult::Suppressed,
                None => ClaimResult::LookAgain,
            };
            (row.user_id, result)
        });
        Ok(results.collect())
    }

    fn digests(&self, requests: &[&ClaimRequest]) -> Vec<Option<Digest>> {
        requests.iter().map(|w| self.erasure.as_ref().map(|key| key.number(&w.phone))).collect()
    }
}
