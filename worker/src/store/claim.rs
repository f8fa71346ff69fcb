//! The claim: the right to text one number, written before the call. The unique index on the number
//! decides; this module asks it and reports the result.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use shared::{
    consent,
    domain::{AttemptId, Channel, PeopleLimit},
    erasure::{Digest, ErasureKey},
    events_out,
    lane::QueueLane,
};
use sqlx::{Executor as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::{
    admission, budget,
    record::{self, NewState},
};
use crate::store::batch::{Keyed, Statement};

/// The way into a claim: a stop waits for the end of the claim's transaction, or the claim begins after the commit of the stop and
/// sees it. A statement of its own: if it fails in the one that begins, the connection would go back to the
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
    /// None: welcomes do not go by WhatsApp.
    pub(crate) whatsapp: Option<WhatsappTerms>,
}

/// What welcomes by WhatsApp are claimed under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WhatsappTerms {
    pub(crate) people: PeopleLimit,
}

/// One number to claim. `user.attempt` is set.
pub(crate) struct ClaimRequest {
    pub(crate) user: NewState,
    pub(crate) message_id: AttemptId,
    /// E.164.
    pub(crate) phone: String,
    pub(crate) channel: Channel,
    pub(crate) body_sha256: [u8; 32],
    /// The template; none for a text.
    pub(crate) content_sid: Option<String>,
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
    /// WhatsApp takes no more people for now; nothing was written.
    ChannelFull,
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
        let (requests, full) = self.admit(&mut tx, requests).await?;
        let users: Vec<&NewState> = requests.iter().map(|w| &w.user).collect();
        let recorded: HashSet<String> =
            record::write(&mut tx, &users, self.erasure.as_ref()).await?.into_iter().collect();
        let held: Vec<&ClaimRequest> =
            requests.iter().copied().filter(|w| recorded.contains(w.user.facts.user_id.as_str())).collect();
        let granted: HashSet<Uuid> = self.insert(&mut tx, &held).await?.into_iter().collect();
        let missed: Vec<&ClaimRequest> =
            held.into_iter().filter(|w| !granted.contains(&w.message_id.uuid())).collect();
        let results = if missed.is_empty() { HashMap::new() } else { self.explain(&mut tx, &missed).await? };
        let answers = rows.iter().map(|w| match results.get(w.user.facts.user_id.as_str()) {
            Some(result) => *result,
            None if granted.contains(&w.message_id.uuid()) => ClaimResult::Yes,
            None if full.contains(&w.message_id.uuid()) => ClaimResult::ChannelFull,
            None if capped.iter().any(|c| c.message_id == w.message_id) => ClaimResult::Capped,
            None => ClaimResult::LookAgain,
        });
        let answers = answers.collect();
        budget::use_up(&mut tx, self.messages_per_day, granted.len()).await?;
        let by_whatsapp = requests
            .iter()
            .filter(|w| w.channel == Channel::Whatsapp && granted.contains(&w.message_id.uuid()));
        admission::admit(&mut tx, self.people(), by_whatsapp.count()).await?;
        consent::commit(tx, &self.pool).await?;
        Ok(answers)
    }
}

impl Claim {
    /// The requests without those for which WhatsApp has no room, and the ids of these.
    async fn admit<'a>(
        &self,
        tx: &mut PgConnection,
        requests: &'a [ClaimRequest],
    ) -> Result<(Vec<&'a ClaimRequest>, HashSet<Uuid>), sqlx::Error> {
        let by_whatsapp = |w: &&ClaimRequest| w.channel == Channel::Whatsapp;
        if !requests.iter().any(|w| by_whatsapp(&w)) {
            return Ok((requests.iter().collect(), HashSet::new()));
        }
        let room = admission::room(tx, self.people()).await?;
        let full: HashSet<Uuid> =
            requests.iter().filter(by_whatsapp).skip(room).map(|w| w.message_id.uuid()).collect();
        Ok((requests.iter().filter(|w| !full.contains(&w.message_id.uuid())).collect(), full))
    }

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
        let channels: Vec<&str> = requests.iter().map(|w| w.channel.as_str()).collect();
        let contents: Vec<Option<&str>> = requests.iter().map(|w| w.content_sid.as_deref()).collect();
        let digests = self.digests(requests);
        let digests: Vec<Option<&[u8]>> = digests.iter().map(|d| d.as_ref().map(|d| &d[..])).collect();
        let traces: Vec<Option<&str>> =
            requests.iter().map(|w| w.user.facts.traceparent.as_deref()).collect();
        sqlx::query_scalar!(
            r#"WITH claimed AS (
                   INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256,
                                         segments, claimed_at, lease_until, traceparent, channel, content_sid,
                                         fallback_of)
                   SELECT i.message_id, i.user_id, i.phone, i.lane, $8, i.language, i.body_sha256, i.segments,
                          c.at, c.at + make_interval(secs => $9), i.traceparent, i.channel, i.content_sid,
                          -- A fallback that was refused for now is tried again as such.
                          CASE WHEN $15 AND i.channel = 'sms' THEN (
                              SELECT a.message_id FROM attempts a
                              WHERE a.phone_e164 = i.phone AND NOT a.blocks AND a.channel = 'whatsapp'
                                AND a.outcome = 'accepted' ORDER BY a.claimed_at DESC LIMIT 1) END
                   FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::lane[], $5::text[], $6::bytea[], $7::int2[],
                               $10::text[], $11::bytea[], $13::text[], $14::text[])
                        AS i(message_id, user_id, phone, lane, language, body_sha256, segments, traceparent, digest,
                             channel, content_sid)
                   -- After the gate: a stop that this claim waited for is older.
                   CROSS JOIN (SELECT clock_timestamp() AS at) c
                   -- Asked by itself, it is never joined as a whole.
                   WHERE (SELECT s.id FROM suppressions s WHERE s.phone_e164 = i.phone AND s.lifted_at IS NULL
                              AND s.channel IN ('any', i.channel)) IS NULL
                     -- WhatsApp needs an agreement. Few users said something before a number of theirs was known.
                     AND CASE WHEN (SELECT k.person_key FROM person_keys k
                                    WHERE k.user_id = i.user_id AND k.phone_e164 IS NULL LIMIT 1) IS NOT NULL
                              THEN CASE WHEN i.channel = 'whatsapp'
                                        THEN agrees_to('onboarding', i.channel, i.user_id, i.phone)
                                        ELSE NOT withdrew('onboarding', i.channel, i.user_id, i.phone) END
                              WHEN i.channel = 'whatsapp'
                              THEN (SELECT 'onboarding' = ANY (g.purposes) FROM channel_grants g
                                    WHERE g.phone_e164 = i.phone AND g.channel = i.channel)
                              ELSE true END
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
            &channels as &[&str],
            &contents as &[Option<&str>],
            self.whatsapp.is_some(),
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
        let channels: Vec<&str> = missed.iter().map(|w| w.channel.as_str()).collect();
        let digests = self.digests(missed);
        let digests: Vec<Option<&[u8]>> = digests.iter().map(|d| d.as_ref().map(|d| &d[..])).collect();
        let rows = sqlx::query!(
            // Locked, so that a transaction that frees the number afterwards sees the users that are linked to it here.
            r#"WITH holders AS (
                   SELECT message_id, user_id, phone_e164 FROM attempts
                   WHERE phone_e164 = ANY($2) AND blocks ORDER BY message_id FOR SHARE
               ), held AS (
                   SELECT m.user_id, m.message_id, b.message_id AS holder, b.user_id AS holder_user,
                          s.id IS NOT NULL OR q.user_id IS NOT NULL
                              OR m.channel = 'sms' AND withdrew('onboarding', 'sms', m.user_id, m.phone) AS suppressed,
                          coalesce(s.wrong_number, false) AS wrong_number, coalesce(e.welcomed, false) AS welcomed_before,
                          coalesce(e.suppressed, false) AS stopped_before
                   FROM UNNEST($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::text[])
                        AS m(user_id, phone, message_id, digest, channel)
                   LEFT JOIN holders b ON b.phone_e164 = m.phone
                   LEFT JOIN suppressions s ON s.phone_e164 = m.phone AND s.lifted_at IS NULL
                       AND s.channel IN ('any', m.channel)
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
            &channels as &[&str],
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

    fn people(&self) -> PeopleLimit {
        self.whatsapp.map_or(PeopleLimit::Unlimited, |terms| terms.people)
    }

    fn digests(&self, requests: &[&ClaimRequest]) -> Vec<Option<Digest>> {
        requests.iter().map(|w| self.erasure.as_ref().map(|key| key.number(&w.phone))).collect()
    }
}
