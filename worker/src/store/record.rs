//! Writes the user's data from the event, and the user's state.

use std::{collections::HashSet, sync::Arc, time::Duration};

use shared::{
    consent::welcome,
    domain::{AttemptId, Reason, UserState},
    erasure::ErasureKey,
    events_out,
    lane::QueueLane,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    facts::Facts,
    store::batch::{Keyed, Statement},
};

/// Stores events that lead to no call.
pub(crate) struct Record {
    pub(crate) pool: PgPool,
    /// None: no person was erased.
    pub(crate) erasure: Option<ErasureKey>,
}

/// One user's new state.
pub(crate) struct NewState {
    pub(crate) facts: Arc<Facts>,
    pub(crate) state: UserState,
    pub(crate) reason: Option<Reason>,
    /// The claim that this belongs to; none: nothing is claimed.
    pub(crate) attempt: Option<AttemptId>,
    /// `lookup` or `none`, set when the number became registered.
    pub(crate) method: Option<&'static str>,
    /// When the sweeper enqueues the user again.
    pub(crate) again_in: Option<Duration>,
    /// An earlier attempt that this state relies on. The row is written only while that attempt holds its number.
    pub(crate) holder: Option<Uuid>,
}

/// Whether a row was written.
#[must_use = "if nothing was written, the caller has to look at the stored data again"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was written.
    Yes,
    /// Nothing was written: newer data, another number or an attempt came in since the caller looked.
    Superseded,
}

impl Written {
    /// `Yes` if a statement wrote a row.
    pub(super) fn of(wrote: bool) -> Self {
        if wrote { Self::Yes } else { Self::Superseded }
    }
}

impl NewState {
    /// A state that belongs to no claim and is not scheduled.
    pub(crate) fn plain(facts: Arc<Facts>, state: UserState, reason: Option<Reason>) -> Self {
        Self { facts, state, reason, attempt: None, method: None, again_in: None, holder: None }
    }
}

impl Keyed for NewState {
    fn keys(&self) -> [&str; 2] {
        [self.facts.user_id.as_str(), self.facts.e164().unwrap_or_default()]
    }
}

impl Statement for Record {
    type Row = NewState;
    type Answer = Written;

    async fn run(&self, rows: &[NewState]) -> Result<Vec<Written>, sqlx::Error> {
        let rows: Vec<&NewState> = rows.iter().collect();
        let rejected: Vec<&NewState> =
            rows.iter().copied().filter(|row| row.state == UserState::Rejected).collect();
        let written: HashSet<String> = if rejected.is_empty() {
            let mut connection = self.pool.acquire().await?;
            write(&mut connection, &rows, self.erasure.as_ref()).await?.into_iter().collect()
        } else {
            let mut tx = self.pool.begin().await?;
            let known = rejected_already(&mut tx, &rejected).await?;
            let written: HashSet<String> =
                write(&mut tx, &rows, self.erasure.as_ref()).await?.into_iter().collect();
            let news = rejected.iter().map(|row| row.facts.user_id.to_string());
            let news: Vec<String> =
                news.filter(|user| written.contains(user) && !known.contains(user)).collect();
            events_out::numbers_rejected(&mut tx, &news).await?;
            tx.commit().await?;
            written
        };
        Ok(rows.iter().map(|r| Written::of(written.contains(r.facts.user_id.as_str()))).collect())
    }
}

/// Those of the rows that the table holds already, with the same number as typed and the same reason: a redelivery is no
/// news.
async fn rejected_already(
    tx: &mut PgConnection,
    rejected: &[&NewState],
) -> Result<HashSet<String>, sqlx::Error> {
    let users: Vec<&str> = rejected.iter().map(|row| row.facts.user_id.as_str()).collect();
    let raws: Vec<&str> = rejected.iter().map(|row| row.facts.phone_raw.as_str()).collect();
    let reasons: Vec<Option<String>> =
        rejected.iter().map(|row| row.reason.map(|reason| reason.as_str().into_owned())).collect();
    let known = sqlx::query_scalar!(
        "SELECT u.user_id FROM users u
         JOIN UNNEST($1::text[], $2::text[], $3::text[]) AS i(user_id, phone_raw, reason) USING (user_id)
         WHERE u.user_id = ANY($1) AND u.state = 'rejected' AND u.phone_raw = i.phone_raw
           AND u.reason IS NOT DISTINCT FROM i.reason",
        &users as &[&str],
        &raws as &[&str],
        &reasons as &[Option<String>],
    );
    Ok(known.fetch_all(tx).await?.into_iter().collect())
}

/// The rows as columns.
#[derive(Default)]
struct Columns<'a> {
    user_id: Vec<&'a str>,
    fresh: Vec<bool>,
    changed_at: Vec<Option<chrono::DateTime<chrono::Utc>>>,
    phone_raw: Vec<&'a str>,
    country_hint: Vec<Option<&'a str>>,
    phone_e164: Vec<Option<&'a str>>,
    language: Vec<Option<&'a str>>,
    channel: Vec<Option<&'a str>>,
    kind: Vec<Option<&'static str>>,
    display_name: Vec<Option<&'a str>>,
    lane: Vec<QueueLane>,
    traceparent: Vec<Option<&'a str>>,
    state: Vec<UserState>,
    reason: Vec<Option<String>>,
    method: Vec<Option<&'static str>>,
    attempt_id: Vec<Option<Uuid>>,
    again_in: Vec<Option<f64>>,
    holder: Vec<Option<Uuid>>,
    digest: Vec<Option<Vec<u8>>>,
}

impl<'a> Columns<'a> {
    fn of(rows: &[&'a NewState], erasure: Option<&ErasureKey>) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.push(row, erasure);
        }
        columns
    }

    fn push(&mut self, row: &'a NewState, erasure: Option<&ErasureKey>) {
        let facts = &row.facts;
        let signup = facts.signup.as_ref();
        self.user_id.push(facts.user_id.as_str());
        self.fresh.push(signup.is_some());
        self.changed_at.push(signup.map(|n| n.at));
        self.phone_raw.push(&facts.phone_raw);
        self.country_hint.push(facts.country_hint.as_deref());
        self.phone_e164.push(facts.e164());
        self.language.push(signup.and_then(|n| n.language.as_deref()));
        self.channel.push(signup.and_then(|n| n.channel.as_deref()));
        self.kind.push(signup.and_then(|n| n.kind));
        self.display_name.push(signup.and_then(|n| n.display_name.as_deref()));
        self.lane.push(facts.lane);
        self.traceparent.push(facts.traceparent.as_deref());
        self.state.push(row.state);
        self.reason.push(row.reason.map(|r| r.as_str().into_owned()));
        self.method.push(row.method);
        self.attempt_id.push(row.attempt.map(AttemptId::uuid));
        self.again_in.push(row.again_in.map(|d| d.as_secs_f64()));
        self.holder.push(row.holder);
        self.digest.push(erasure.filter(|_| signup.is_some()).map(|key| key.user(&facts.user_id).to_vec()));
    }
}

/// Writes the rows, which are sorted by user and hold no user twice; returns the ids of those written. `erasure` is the key of the
/// digests of erased people.
pub(super) async fn write(
    connection: &mut PgConnection,
    rows: &[&NewState],
    erasure: Option<&ErasureKey>,
) -> Result<Vec<String>, sqlx::Error> {
    let c = Columns::of(rows, erasure);
    // A row without a claim never overwrites the state that a blocking attempt to the same number gave the user. A row
    // that relies on an earlier attempt locks it, so a transaction that frees the number afterwards sees the row. Event
    // times are compared and stored as sent: of two events of a portal whose clock is ahead, the later one stays the
    // newer. The stored time is bounded, so that a broken clock does not outrank all later data. `signed_up_at` of the
    // row that is inserted is the time as it came, or null for one that could not be read.
    sqlx::query_scalar!(
        r#"WITH input AS (
               SELECT i.*, CASE WHEN again_in = 0 AND lane = 'live' THEN LEAST(NULLIF(changed_at, 'epoch'), now())
                                ELSE now() + make_interval(secs => again_in) END AS due
               FROM UNNEST($1::text[], $2::bool[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                           $8::text[], $9::text[], $10::text[], $11::lane[], $12::text[], $13::user_state[],
                           $14::text[], $15::text[], $16::uuid[], $17::float8[], $18::uuid[], $19::bytea[])
                    AS i(user_id, fresh, changed_at, phone_raw, country_hint, phone_e164, language, channel, kind,
                         display_name, lane, traceparent, state, reason, method, attempt_id, again_in, holder, digest)
           ), holding AS (
               SELECT message_id FROM attempts WHERE message_id = ANY($18) AND blocks ORDER BY message_id FOR SHARE
           ), locked AS (
               SELECT u.user_id FROM users u JOIN input i USING (user_id)
               WHERE NOT i.fresh AND (i.holder IS NULL OR i.holder IN (SELECT message_id FROM holding))
                 AND u.user_id = ANY($1) AND u.phone_raw = i.phone_raw AND u.country_hint IS NOT DISTINCT FROM i.country_hint
                 AND (i.attempt_id IS NOT NULL OR (
                     -- Never EXISTS: that may be planned as a hash of the whole table.
                     SELECT a.message_id FROM attempts a
                     WHERE a.message_id = u.attempt_id AND a.blocks AND a.phone_e164 = i.phone_e164) IS NULL)
               ORDER BY u.user_id FOR UPDATE OF u
           ), known AS (
               UPDATE users u SET
                   phone_e164 = i.phone_e164, state = i.state, reason = i.reason, lane = i.lane,
                   registration_method = coalesce(i.method, u.registration_method),
                   registered_at = CASE WHEN i.method IS NULL THEN u.registered_at ELSE now() END,
                   attempt_id = CASE WHEN i.state = 'registered' THEN i.attempt_id
                                     ELSE coalesce(i.attempt_id, u.attempt_id) END,
                   enqueued_at = now(),
                   -- A live signup that is due at once is due since its event: before later ones.
                   next_attempt_at = CASE WHEN i.again_in = 0 AND i.lane = 'live' THEN LEAST(NULLIF(u.changed_at, 'epoch'), now()) ELSE i.due END,
                   reenqueues = CASE WHEN i.attempt_id IS NULL THEN u.reenqueues ELSE 0 END, updated_at = now()
               FROM input i JOIN locked USING (user_id) WHERE u.user_id = i.user_id
               RETURNING u.user_id
           ), fresh AS (
               INSERT INTO users AS u (user_id, phone_raw, country_hint, phone_e164, language, channel, kind,
                   display_name, source, changed_at, signed_up_at, state, reason, registration_method, registered_at,
                   attempt_id, lane, enqueued_at, next_attempt_at, traceparent)
               SELECT i.user_id, i.phone_raw, i.country_hint, i.phone_e164, i.language, i.channel, i.kind,
                   i.display_name, 'event', LEAST(i.changed_at, now() + interval '10 minutes'),
                   NULLIF(i.changed_at, 'epoch'), i.state, i.reason, i.method,
                   CASE WHEN i.method IS NULL THEN NULL ELSE now() END, i.attempt_id, i.lane, now(), i.due, i.traceparent
               FROM input i WHERE i.fresh AND (i.holder IS NULL OR i.holder IN (SELECT message_id FROM holding))
                 -- An event from before the erasure of its user.
                 AND (SELECT e.digest FROM erased_users e WHERE e.digest = i.digest AND e.as_of >= i.changed_at) IS NULL
               ORDER BY i.user_id COLLATE "C"
               ON CONFLICT (user_id) DO UPDATE SET
                   phone_raw = EXCLUDED.phone_raw, country_hint = EXCLUDED.country_hint,
                   phone_e164 = EXCLUDED.phone_e164,
                   language = coalesce(EXCLUDED.language, u.language), channel = coalesce(EXCLUDED.channel, u.channel),
                   kind = coalesce(EXCLUDED.kind, u.kind),
                   display_name = coalesce(EXCLUDED.display_name, u.display_name),
                   source = 'event', changed_at = EXCLUDED.changed_at, active = true,
                   signed_up_at = coalesce(u.signed_up_at, EXCLUDED.signed_up_at),
                   state = EXCLUDED.state, reason = EXCLUDED.reason,
                   registration_method = CASE WHEN u.phone_e164 IS NOT DISTINCT FROM EXCLUDED.phone_e164
                       THEN coalesce(EXCLUDED.registration_method, u.registration_method)
                       ELSE EXCLUDED.registration_method END,
                   registered_at = CASE WHEN u.phone_e164 IS NOT DISTINCT FROM EXCLUDED.phone_e164
                       THEN coalesce(EXCLUDED.registered_at, u.registered_at) ELSE EXCLUDED.registered_at END,
                   attempt_id = coalesce(EXCLUDED.attempt_id,
                       CASE WHEN u.phone_e164 = EXCLUDED.phone_e164 AND EXCLUDED.state <> 'registered'
                            THEN u.attempt_id END),
                   lane = EXCLUDED.lane, enqueued_at = EXCLUDED.enqueued_at, next_attempt_at = EXCLUDED.next_attempt_at,
                   retry_since = CASE WHEN u.phone_e164 = EXCLUDED.phone_e164 THEN u.retry_since END,
                   retries = CASE WHEN u.phone_e164 = EXCLUDED.phone_e164 THEN u.retries ELSE 0 END,
                   reenqueues = CASE WHEN EXCLUDED.attempt_id IS NULL THEN u.reenqueues ELSE 0 END,
                   traceparent = coalesce(EXCLUDED.traceparent, u.traceparent), updated_at = now()
               WHERE u.changed_at <= coalesce(EXCLUDED.signed_up_at, EXCLUDED.changed_at)
                 AND (EXCLUDED.attempt_id IS NOT NULL OR (
                     SELECT a.message_id FROM attempts a
                     WHERE a.message_id = u.attempt_id AND a.blocks AND a.phone_e164 = EXCLUDED.phone_e164) IS NULL)
               RETURNING u.user_id
           )
           SELECT user_id AS "user_id!" FROM known UNION ALL SELECT user_id FROM fresh"#,
        &c.user_id as &[&str],
        &c.fresh,
        &c.changed_at as &[Option<chrono::DateTime<chrono::Utc>>],
        &c.phone_raw as &[&str],
        &c.country_hint as &[Option<&str>],
        &c.phone_e164 as &[Option<&str>],
        &c.language as &[Option<&str>],
        &c.channel as &[Option<&str>],
        &c.kind as &[Option<&str>],
        &c.display_name as &[Option<&str>],
        &c.lane as &[QueueLane],
        &c.traceparent as &[Option<&str>],
        &c.state as &[UserState],
        &c.reason as &[Option<String>],
        &c.method as &[Option<&str>],
        &c.attempt_id as &[Option<Uuid>],
        &c.again_in as &[Option<f64>],
        &c.holder as &[Option<Uuid>],
        &c.digest as &[Option<Vec<u8>>],
    )
    .fetch_all(connection)
    .await
}

/// Stores a user who waits for a consent, unless it has come meanwhile: a consent that comes later finds the row.
pub(crate) async fn unless_consented(
    pool: &PgPool,
    row: &NewState,
    erasure: Option<&ErasureKey>,
) -> Result<Written, sqlx::Error> {
    let (user, phone) = (row.facts.user_id.as_str(), row.facts.e164().unwrap_or_default());
    let mut tx = pool.begin().await?;
    welcome::hold_number(&mut tx, phone).await?;
    if welcome::without_consent(&mut tx, &[user], &[phone]).await?.is_empty() {
        return Ok(Written::Superseded);
    }
    let written = write(&mut tx, &[row], erasure).await?;
    tx.commit().await?;
    Ok(Written::of(!written.is_empty()))
}

/// Notes since when the user has waited for a channel.
pub(crate) async fn waits_for_channel(pool: &PgPool, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET channel_since = coalesce(channel_since, now()) WHERE user_id = $1 AND state = 'received'",
        user_id,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Updates the user's data from `facts`, and the spelling of the number. Dates stay: no event carries them.
pub(crate) async fn keep_details(pool: &PgPool, facts: &Facts) -> Result<Written, sqlx::Error> {
    let Some(signup) = &facts.signup else { return Ok(Written::Yes) };
    let updated = sqlx::query!(
        "UPDATE users SET
             phone_raw = $2, country_hint = $4,
             language = coalesce($5, language), channel = coalesce($6, channel), kind = coalesce($7, kind),
             display_name = coalesce($8, display_name), signed_up_at = coalesce(signed_up_at, $9),
             active = true, source = 'event', changed_at = LEAST($9, now() + interval '10 minutes'),
             updated_at = now()
         WHERE user_id = $1 AND changed_at < $9
           AND (phone_e164 = $3 OR phone_raw = $2 AND country_hint IS NOT DISTINCT FROM $4)",
        facts.user_id.as_str(),
        facts.phone_raw,
        facts.e164(),
        facts.country_hint,
        signup.language,
        signup.channel,
        signup.kind,
        signup.display_name,
        signup.at,
    )
    .execute(pool)
    .await?;
    Ok(Written::of(updated.rows_affected() > 0))
}

#[cfg(test)]
mod tests;
