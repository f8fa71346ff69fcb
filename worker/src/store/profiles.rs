//! What events about people change of the row of a user: the number and the profile.

use chrono::{DateTime, NaiveDate, Utc};
use shared::{
    domain::{BoundedText, Change, ProfileChange, Reason, UserId},
    erasure::ErasureKey,
    events::ProfileChanged,
    events_out,
    phone::{E164, NumberPolicy},
};
use sqlx::{PgConnection, PgPool};

use crate::facts::Facts;

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The row was changed, or it is new.
    Yes,
    /// The row has newer data: nothing was changed.
    Older,
}

/// The stored columns that a change of the number is decided by.
struct Stored {
    phone_raw: String,
    country_hint: Option<String>,
    phone_e164: Option<String>,
    newer: bool,
}

/// The number after a change, and what becomes of the user by it.
struct Number {
    raw: String,
    hint: Option<String>,
    e164: Option<E164>,
    /// None: the number is the stored one, and so the state stays.
    state: Option<(&'static str, Option<Reason>)>,
}

/// Carries out a change. An unknown user becomes a row that waits for a signup or a backfill; a new number of a
/// known user is welcomed by the live lane.
pub(crate) async fn apply(
    pool: &PgPool,
    numbers: &NumberPolicy,
    erasure: Option<&ErasureKey>,
    change: &ProfileChanged,
    at: DateTime<Utc>,
) -> Result<Applied, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let applied = apply_in(&mut tx, numbers, erasure, change, at).await?;
    tx.commit().await?;
    Ok(applied)
}

/// As a part of a transaction.
pub(crate) async fn apply_in(
    tx: &mut PgConnection,
    numbers: &NumberPolicy,
    erasure: Option<&ErasureKey>,
    change: &ProfileChanged,
    at: DateTime<Utc>,
) -> Result<Applied, sqlx::Error> {
    let user = change.user_id.as_str();
    Ok(loop {
        let stored = sqlx::query_as!(
            Stored,
            r#"SELECT phone_raw, country_hint, phone_e164, changed_at > $2 AS "newer!" FROM users
               WHERE user_id = $1 FOR UPDATE"#,
            user,
            at,
        );
        match stored.fetch_optional(&mut *tx).await? {
            Some(Stored { newer: true, .. }) => break Applied::Older,
            Some(stored) => {
                update_number(tx, user, &number(numbers, change, &stored)).await?;
                update_profile(tx, change, at).await?;
                break Applied::Yes;
            }
            // Erased since the event was taken up.
            None if is_erased(tx, &change.user_id, erasure, at).await? => break Applied::Older,
            None => {
                let nothing =
                    Stored { phone_raw: String::new(), country_hint: None, phone_e164: None, newer: false };
                // Another event may add the row at the same time; then it is found by the next look.
                let number = number(numbers, change, &nothing);
                if insert(tx, user, &number, erasure, at).await? {
                    if matches!(change.phone, Change::Clear) {
                        update_number(tx, user, &number).await?;
                    }
                    update_profile(tx, change, at).await?;
                    break Applied::Yes;
                }
            }
        }
    })
}

/// The number that a change brings to a stored user, if it is another one.
pub(crate) async fn new_number(
    pool: &PgPool,
    numbers: &NumberPolicy,
    change: &ProfileChanged,
    at: DateTime<Utc>,
) -> Result<Option<E164>, sqlx::Error> {
    if change.phone.as_ref().set().is_none() {
        return Ok(None);
    }
    let stored = sqlx::query_as!(
        Stored,
        r#"SELECT phone_raw, country_hint, phone_e164, changed_at > $2 AS "newer!" FROM users WHERE user_id = $1"#,
        change.user_id.as_str(),
        at,
    );
    let stored = stored.fetch_optional(pool).await?.filter(|stored| !stored.newer);
    let number =
        stored.map(|stored| number(numbers, change, &stored)).filter(|number| number.state.is_some());
    Ok(number.and_then(|number| number.e164))
}

/// Locks the row of this user until the transaction ends. False: there is none.
pub(crate) async fn hold(tx: &mut PgConnection, user: &UserId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!("SELECT user_id FROM users WHERE user_id = $1 FOR UPDATE", user.as_str());
    Ok(row.fetch_optional(tx).await?.is_some())
}

/// Stores the profile that came with a signup, unless the row has newer data.
pub(crate) async fn of_signup(
    pool: &PgPool,
    user_id: &str,
    profile: &ProfileChange,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    write(&mut connection, user_id, profile, at).await
}

/// Completes the row of a user whose later event was handled before the signup. It adds the missing fields, once.
pub(crate) async fn complete(pool: &PgPool, facts: &Facts) -> Result<(), sqlx::Error> {
    let Some(signup) = &facts.signup else { return Ok(()) };
    let nothing = ProfileChange::default();
    let profile = signup.profile.as_deref().unwrap_or(&nothing);
    let zone = profile.time_zone.set().and_then(shared::domain::TimeZone::known);
    sqlx::query!(
        "UPDATE users u SET
             phone_raw = CASE WHEN l.number THEN $3 ELSE phone_raw END,
             country_hint = CASE WHEN l.number THEN $4 ELSE country_hint END,
             phone_e164 = CASE WHEN l.number THEN $5 ELSE phone_e164 END,
             state = CASE WHEN l.number THEN 'stored' ELSE state END,
             reason = CASE WHEN l.number THEN NULL ELSE reason END,
             language = coalesce(language, $6), channel = coalesce(channel, $7), kind = coalesce(kind, $8),
             display_name = coalesce(display_name, $9), due_date = coalesce(due_date, $10),
             child_birth_date = coalesce(child_birth_date, $11), time_zone = coalesce(time_zone, $12),
             tips_hour = coalesce(tips_hour, $13), cadence = coalesce(cadence, $14),
             household_id = coalesce(household_id, $15), signed_up_at = NULLIF($2, 'epoch'), updated_at = now()
         -- A backfill may have found no number. One that an event cleared is not missing.
         FROM (SELECT user_id AS id, phone_raw = '' AND (state = 'stored' OR state = 'rejected' AND reason = 'empty'
                                                         AND enqueued_at IS NOT NULL) AS number
               FROM users WHERE user_id = $1 FOR UPDATE) l
         WHERE u.user_id = l.id AND changed_at > $2 AND signed_up_at IS NULL AND source = 'event'",
        facts.user_id.as_str(),
        signup.at,
        facts.phone_raw,
        facts.country_hint,
        facts.e164(),
        signup.language,
        signup.channel,
        signup.kind,
        signup.display_name,
        profile.due_date.set().map(shared::domain::CalendarDate::date),
        profile.child_birth_date.set().map(shared::domain::CalendarDate::date),
        zone.map(chrono_tz::Tz::name),
        profile.tips_hour.set().map(shared::domain::TipsHour::as_str),
        profile.cadence.set().map(shared::domain::Cadence::as_str),
        profile.household_id.as_ref().set().map(BoundedText::as_str),
    )
    .execute(pool)
    .await
    .map(drop)
}

fn number(numbers: &NumberPolicy, change: &ProfileChanged, stored: &Stored) -> Number {
    let raw = match &change.phone {
        Change::Keep => stored.phone_raw.clone(),
        Change::Clear => String::new(),
        Change::Set(raw) => raw.clone(),
    };
    let hint = change.country_hint.clone().apply(stored.country_hint.clone());
    let read = numbers.textable(&raw, hint.as_deref());
    let e164 = read.as_ref().ok().map(|phone| phone.e164);
    let same = e164.as_ref().map(E164::as_str) == stored.phone_e164.as_deref();
    let asked = !change.phone.is_keep() || !change.country_hint.is_keep();
    let state = match read {
        _ if !asked => None,
        Ok(_) if same => None,
        Ok(_) => Some(("received", None)),
        Err(why) => Some(("rejected", Some(Reason::Number(why)))),
    };
    Number { raw, hint, e164, state }
}

async fn update_number(tx: &mut PgConnection, user_id: &str, number: &Number) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET phone_raw = $2, country_hint = $3, updated_at = now() WHERE user_id = $1",
        user_id,
        number.raw,
        number.hint,
    )
    .execute(&mut *tx)
    .await?;
    let Some((state, reason)) = number.state else { return Ok(()) };
    sqlx::query!(
        "UPDATE users SET phone_e164 = $2, state = $3::text::user_state, reason = $4, lane = 'live', attempt_id = NULL,
             registration_method = NULL, registered_at = NULL, retry_since = NULL, retries = 0, reenqueues = 0,
             next_attempt_at = CASE WHEN $3 = 'received' THEN now() END,
             enqueued_at = CASE WHEN $3 = 'received' THEN coalesce(enqueued_at, now()) ELSE enqueued_at END
         WHERE user_id = $1",
        user_id,
        number.e164.as_ref().map(E164::as_str),
        state,
        reason.map(|reason| reason.as_str().into_owned()),
    )
    .execute(&mut *tx)
    .await?;
    events_out::numbers_rejected(tx, &[user_id.to_owned()]).await
}

/// Whether the event is from before the erasure of its user. An erasure that has not committed yet finds the row, and
/// deletes it.
async fn is_erased(
    tx: &mut PgConnection,
    user: &UserId,
    erasure: Option<&ErasureKey>,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let Some(key) = erasure else { return Ok(false) };
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM erased_users WHERE digest = $1 AND as_of >= $2) AS "erased!""#,
        &key.user(user)[..],
        at,
    )
    .fetch_one(tx)
    .await
}

/// False: the user is known by now.
async fn insert(
    tx: &mut PgConnection,
    user_id: &str,
    number: &Number,
    erasure: Option<&ErasureKey>,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let digest = number.e164.as_ref().and_then(|phone| Some(erasure?.number(phone.as_str())));
    let added = sqlx::query!(
        // So that a dry run of the backfill knows it; the claim asks again.
        "INSERT INTO users (user_id, phone_raw, country_hint, phone_e164, source, changed_at, state, reason)
         SELECT $1, $2, $3, $4, 'event', LEAST($5, now() + interval '10 minutes'),
                CASE WHEN e.welcomed THEN 'registered'::user_state ELSE 'stored' END,
                CASE WHEN e.welcomed THEN 'already_welcomed' END
         FROM (SELECT coalesce((SELECT welcomed FROM erased_numbers WHERE digest = $6), false) AS welcomed) e
         ON CONFLICT DO NOTHING",
        user_id,
        number.raw,
        number.hint,
        number.e164.as_ref().map(E164::as_str),
        at,
        digest.as_ref().map(|digest| &digest[..]),
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

async fn update_profile(
    tx: &mut PgConnection,
    change: &ProfileChanged,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET
             language = CASE WHEN $2 THEN language ELSE $3 END,
             channel = CASE WHEN $4 THEN channel ELSE $5 END,
             kind = CASE WHEN $6 THEN kind ELSE $7 END,
             changed_at = LEAST($8, now() + interval '10 minutes')
         WHERE user_id = $1",
        change.user_id.as_str(),
        change.language.is_keep(),
        change.language.as_ref().set(),
        change.channel.is_keep(),
        change.channel.as_ref().set(),
        change.user_kind.is_keep(),
        change.user_kind.set().map(shared::events::UserKind::as_str),
        at,
    )
    .execute(&mut *tx)
    .await?;
    write(tx, change.user_id.as_str(), &change.profile, at).await
}

async fn write(
    connection: &mut PgConnection,
    user_id: &str,
    profile: &ProfileChange,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ProfileChange { due_date, child_birth_date, time_zone, tips_hour, cadence, household_id, active } =
        profile;
    // A zone that is not known is the default one.
    let zone: Change<&str> = match time_zone {
        Change::Set(zone) => zone.known().map_or(Change::Clear, |zone| Change::Set(zone.name())),
        Change::Clear => Change::Clear,
        Change::Keep => Change::Keep,
    };
    let due: Option<NaiveDate> = due_date.set().map(shared::domain::CalendarDate::date);
    let birth: Option<NaiveDate> = child_birth_date.set().map(shared::domain::CalendarDate::date);
    sqlx::query!(
        "UPDATE users SET
             due_date = CASE WHEN $2 THEN due_date ELSE $3 END,
             child_birth_date = CASE WHEN $4 THEN child_birth_date ELSE $5 END,
             time_zone = CASE WHEN $6 THEN time_zone ELSE $7 END,
             -- The night of another zone ends at another time.
             next_attempt_at = CASE WHEN NOT $6 AND time_zone IS DISTINCT FROM $7 AND state = 'received' AND reason = 'quiet'
                                    THEN now() ELSE next_attempt_at END,
             tips_hour = CASE WHEN $8 THEN tips_hour ELSE $9 END,
             cadence = CASE WHEN $10 THEN cadence ELSE $11 END,
             household_id = CASE WHEN $12 THEN household_id ELSE $13 END,
             active = CASE WHEN $14 THEN active ELSE coalesce($15, true) END,
             updated_at = now()
         WHERE user_id = $1 AND changed_at <= $16",
        user_id,
        due_date.is_keep(),
        due,
        child_birth_date.is_keep(),
        birth,
        zone.is_keep(),
        zone.set(),
        tips_hour.is_keep(),
        tips_hour.set().map(shared::domain::TipsHour::as_str),
        cadence.is_keep(),
        cadence.set().map(shared::domain::Cadence::as_str),
        household_id.is_keep(),
        household_id.as_ref().set().map(BoundedText::as_str),
        active.is_keep(),
        active.set(),
        at,
    )
    .execute(connection)
    .await
    .map(drop)
}
