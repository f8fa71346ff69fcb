//! Erases a person: stored data is deleted or anonymised, in one transaction with the digests that replace it.

use shared::{
    consent::forget::{self, Left},
    domain::UserId,
    erasure::ErasureKey,
};
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use super::{
    audit_rows,
    letters::{self, Words},
};
use crate::store::{conversations, erasures::Pending, inbound, redactions};

/// How an erasure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Erased {
    /// Nothing of the user is stored any more.
    Yes,
    /// The number of calls that are being made, or whose outcomes are being found out.
    Waits(i64),
    /// Other statements held the tables for too long.
    Busy,
    /// Another process erased the user since the request was read, or the request is another one by now.
    Overtaken,
}

/// While the tables are held, claims and signups wait.
const WITHIN: &str = "SET LOCAL lock_timeout = '1s'";
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Erases a user, unless calls are being made. May be repeated at any time.
pub(crate) async fn erase(pool: &PgPool, key: &ErasureKey, request: &Pending) -> Result<Erased, sqlx::Error> {
    match try_to_erase(pool, key, request).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            Ok(Erased::Busy)
        }
        other => other,
    }
}

async fn try_to_erase(pool: &PgPool, key: &ErasureKey, request: &Pending) -> Result<Erased, sqlx::Error> {
    let user_id = request.user_id.as_str();
    let mut connection = pool.acquire().await?;
    let waits = in_flight(&mut connection, user_id).await?;
    if waits > 0 {
        return Ok(Erased::Waits(waits));
    }
    let phones = numbers(&mut connection, user_id).await?;
    let words = Words::of(&mut connection, user_id, &phones).await?;
    letters::clear(&mut connection, &words).await?;
    // The long part of it, while nothing is held.
    let audited = audit_rows::newest(&mut connection, WITHIN).await?;
    let person = forget::last_key_of_user(&mut connection, user_id).await?;
    audit_rows::pseudonymise(&mut connection, &words.all(&phones), person, (0, audited)).await?;
    let known = Known { words: &words, phones: &phones, person, audited };
    let erased = erase_rows(&mut connection, key, request, &known).await?;
    if erased != Erased::Yes {
        return Ok(erased);
    }
    // What an event stored that was being handled meanwhile.
    letters::clear(&mut connection, &words).await?;
    forget_leftovers(&mut connection, request).await?;
    Ok(Erased::Yes)
}

/// What events and looks of staff entered meanwhile about the erased user.
async fn forget_leftovers(connection: &mut PgConnection, request: &Pending) -> Result<(), sqlx::Error> {
    let user_id = request.user_id.as_str();
    let since = request.stopped_at.unwrap_or(request.as_of);
    let mut tx = connection.begin().await?;
    let later = forget::later(&mut tx, user_id, (request.as_of, since)).await?;
    forget::user(&mut tx, user_id, since).await?;
    forget::enter_again(&mut tx, user_id, &later).await?;
    tx.commit().await
}

/// Calls that are being made, or whose outcome is being found out.
pub(super) async fn in_flight(connection: &mut PgConnection, user_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (SELECT count(*) FROM attempts WHERE user_id = $1
                     AND (outcome = 'sending' OR outcome = 'unknown' AND parked_at IS NULL))
                + (SELECT count(*) FROM messages m JOIN message_attempts a USING (message_id) WHERE m.user_id = $1
                     AND (a.outcome = 'sending' OR a.outcome = 'unknown' AND a.parked_at IS NULL)) AS "calls!""#,
        user_id,
    )
    .fetch_one(connection)
    .await
}

/// The numbers of a user, in E.164: the stored one, and those of earlier times.
pub(super) async fn numbers(
    connection: &mut PgConnection,
    user_id: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let mut phones = sqlx::query_scalar!(
        r#"SELECT phone_e164 AS "phone!" FROM users WHERE user_id = $1 AND phone_e164 IS NOT NULL
           UNION SELECT phone_e164 FROM attempts WHERE user_id = $1
           UNION SELECT phone_e164 FROM messages WHERE user_id = $1"#,
        user_id,
    )
    .fetch_all(&mut *connection)
    .await?;
    phones.extend(forget::numbers_of_user(connection, user_id).await?);
    phones.sort_unstable();
    phones.dedup();
    Ok(phones)
}

/// What was found out before anything was held.
struct Known<'a> {
    words: &'a Words,
    phones: &'a [String],
    /// The key under which the audit log keeps the user.
    person: Uuid,
    /// Up to this row, the audit log names nobody by these words and numbers.
    audited: i64,
}

async fn erase_rows(
    connection: &mut PgConnection,
    key: &ErasureKey,
    request: &Pending,
    known: &Known<'_>,
) -> Result<Erased, sqlx::Error> {
    let user_id = request.user_id.as_str();
    let mut tx = connection.begin().await?;
    sqlx::query(WITHIN).execute(&mut *tx).await?;
    let held = numbers(&mut tx, user_id).await?;
    forget::hold_numbers(&mut tx, &held).await?;
    if !forget::wait_for_claims(&mut tx).await? {
        return Ok(Erased::Busy);
    }
    sqlx::query(WITHIN).execute(&mut *tx).await?;
    // No row of the user is written between the reads below and the commit.
    sqlx::query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    if !is_pending(&mut tx, request).await? {
        return Ok(Erased::Overtaken);
    }
    let waits = in_flight(&mut tx, user_id).await?;
    if waits > 0 {
        return Ok(Erased::Waits(waits));
    }
    let phones = numbers(&mut tx, user_id).await?;
    if phones != held {
        return Ok(Erased::Busy);
    }
    // What was written since.
    let above = if phones == known.phones { known.audited } else { 0 };
    let newest = sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "newest!" FROM audit_log"#)
        .fetch_one(&mut *tx)
        .await?;
    audit_rows::pseudonymise(&mut tx, &known.words.all(&phones), known.person, (above, newest)).await?;
    redactions::request(&mut tx, user_id).await?;
    let mut left = Vec::new();
    for phone in &phones {
        let stopped = was_stopped(&mut tx, phone, request).await?;
        let shared = keep_digest(&mut tx, key, (phone, stopped), request).await?;
        let tips = forget::tips_stopped(&mut tx, phone).await?;
        left.push(Left { phone, shared, stopped, tips });
    }
    messages(&mut tx, user_id).await?;
    let since = request.stopped_at.unwrap_or(request.as_of);
    let later = forget::later(&mut tx, user_id, (request.as_of, since)).await?;
    forget::user(&mut tx, user_id, since).await?;
    for number in left {
        if !number.shared {
            inbound::forget_person(&mut tx, number.phone).await?;
        }
        forget::number(&mut tx, number).await?;
    }
    conversations::forget_user(&mut tx, user_id).await?;
    finish(&mut tx, key, request).await?;
    forget::enter_again(&mut tx, user_id, &later).await?;
    tx.commit().await?;
    Ok(Erased::Yes)
}

/// Whether the request still waits. Whoever erased the user meanwhile may have let a newer signup in, which stays.
async fn is_pending(tx: &mut PgConnection, request: &Pending) -> Result<bool, sqlx::Error> {
    let pending = sqlx::query_scalar!(
        r#"SELECT true AS "pending!" FROM pending_erasures WHERE user_id = $1 AND as_of = $2 FOR UPDATE"#,
        request.user_id,
        request.as_of,
    );
    Ok(pending.fetch_optional(tx).await?.is_some())
}

/// Whether a number is stopped for another reason than the erasure itself.
async fn was_stopped(tx: &mut PgConnection, phone: &str, request: &Pending) -> Result<bool, sqlx::Error> {
    let by_erasure = request.phone_e164.as_deref() == Some(phone);
    if by_erasure && request.was_suppressed {
        return Ok(true);
    }
    sqlx::query_scalar!(
        // What the erasure entered before this time is no wish of the person.
        r#"SELECT EXISTS (SELECT FROM suppressions WHERE phone_e164 = $1 AND lifted_at IS NULL)
              AND (NOT $2 OR EXISTS (
                  SELECT FROM consent_ledger l JOIN person_keys k USING (person_key)
                  WHERE k.phone_e164 = $1 AND l.purpose = 'onboarding' AND l.action = 'withdraw'
                    AND l.recorded_at > $3)) AS "stopped!""#,
        phone,
        by_erasure,
        request.stopped_at,
    )
    .fetch_one(tx)
    .await
}

/// Keeps what a number had, under its digest. Whether other users have the number: those who shared the welcome keep it.
async fn keep_digest(
    tx: &mut PgConnection,
    key: &ErasureKey,
    (phone, stopped): (&str, bool),
    request: &Pending,
) -> Result<bool, sqlx::Error> {
    let linked = sqlx::query!(
        "UPDATE users SET reason = 'already_welcomed', updated_at = now()
         WHERE phone_e164 = $1 AND reason = 'shared_phone' AND state = 'registered' AND user_id <> $2
           AND EXISTS (SELECT FROM attempts a WHERE a.phone_e164 = $1 AND a.blocks AND a.user_id = $2)",
        phone,
        request.user_id,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let others = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM attempts WHERE phone_e164 = $1 AND blocks AND user_id <> $2)
               OR EXISTS (SELECT FROM attempts WHERE phone_e164 = $1 AND NOT blocks AND user_id <> $2)
               OR EXISTS (SELECT FROM users WHERE phone_e164 = $1 AND reason = 'shared_phone' AND user_id <> $2)
               OR EXISTS (SELECT FROM users WHERE phone_e164 = $1 AND attempt_id IS NULL AND user_id <> $2)
               OR EXISTS (SELECT FROM person_keys WHERE phone_e164 = $1 AND user_id <> $2) AS "others!""#,
        phone,
        request.user_id,
    )
    .fetch_one(&mut *tx)
    .await?;
    let shared = linked > 0 || others;
    sqlx::query!(
        "INSERT INTO erased_numbers AS e (digest, welcomed, suppressed)
         VALUES ($1, EXISTS (SELECT FROM attempts WHERE phone_e164 = $2 AND blocks AND user_id = $3), $4)
         ON CONFLICT (digest) DO UPDATE SET welcomed = e.welcomed OR EXCLUDED.welcomed,
             suppressed = e.suppressed OR EXCLUDED.suppressed, erased_at = now()",
        &key.number(phone)[..],
        phone,
        request.user_id,
        stopped && !shared,
    )
    .execute(tx)
    .await?;
    Ok(shared)
}

/// Attempts stay in the accounts, without user and number, and without the digest of a text that held the number's own address.
async fn messages(tx: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM status_callbacks WHERE
             sid IN (SELECT sid FROM attempts WHERE user_id = $1
                     UNION SELECT a.message_sid FROM messages m JOIN message_attempts a USING (message_id)
                           WHERE m.user_id = $1)",
        user_id,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE attempts SET user_id = 'erased:' || message_id, phone_e164 = 'erased:' || message_id, traceparent = NULL,
             body_sha256 = '', parked_at = NULL, next_check_at = NULL
         WHERE user_id = $1",
        user_id,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "WITH hers AS (SELECT message_id FROM messages WHERE user_id = $1)
         UPDATE message_attempts a SET user_id = 'erased:' || attempt_id, phone_e164 = 'erased:' || attempt_id,
             traceparent = NULL, body_sha256 = '', parked_at = NULL, next_check_at = NULL
         FROM hers WHERE a.message_id = hers.message_id",
        user_id,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "WITH hers AS (DELETE FROM messages WHERE user_id = $1 RETURNING message_id, keys)
         DELETE FROM message_keys k USING hers WHERE k.key = ANY(hers.keys) AND k.message_id = hers.message_id",
        user_id,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes the user, and keeps the digest. A user who signed up again after the erasure was asked for stays, with no more than
/// the new signup needs, and is welcomed unless the number had its welcome.
async fn finish(tx: &mut PgConnection, key: &ErasureKey, request: &Pending) -> Result<(), sqlx::Error> {
    // No event can have an id that is not valid, so it needs no digest.
    if let Ok(user) = UserId::parse(&request.user_id) {
        sqlx::query!(
            "INSERT INTO erased_users AS e (digest, as_of) VALUES ($1, $2)
             ON CONFLICT (digest) DO UPDATE SET as_of = GREATEST(e.as_of, EXCLUDED.as_of), erased_at = now()",
            &key.user(&user)[..],
            request.as_of,
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "UPDATE users SET
             kind = NULL, channel = NULL, display_name = NULL, due_date = NULL, child_birth_date = NULL, time_zone = NULL,
             tips_hour = NULL, cadence = NULL, household_id = NULL, traceparent = NULL, state = 'received', reason = NULL,
             registration_method = NULL, registered_at = NULL, attempt_id = NULL, next_attempt_at = now(),
             retry_since = NULL, retries = 0, reenqueues = 0, updated_at = now()
         WHERE user_id = $1 AND changed_at > $2",
        request.user_id,
        request.as_of,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "WITH ids AS (-- By the primary key.
                          DELETE FROM backfill_ids WHERE user_id = $1 AND run_id IN (SELECT id FROM backfill_runs)),
              events AS (DELETE FROM events_out WHERE user_id = $1),
              -- The user before: the run goes on behind the same place.
              positions AS (UPDATE backfill_runs SET cursor = coalesce((SELECT max(user_id) FROM users WHERE user_id < $1), '')
                            WHERE cursor = $1),
              requests AS (DELETE FROM pending_erasures WHERE user_id = $1)
         DELETE FROM users WHERE user_id = $1 AND changed_at <= $2",
        request.user_id,
        request.as_of,
    )
    .execute(tx)
    .await
    .map(drop)
}
