//! The statements of an import on the table `users`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};
use shared::{
    domain::{Cadence, TipsHour},
    erasure::ErasureKey,
    phone::{E164, NumberPolicy},
};
use sqlx::{PgConnection, PgPool};

use crate::record::Record;

/// The result of writing a batch. A row that is not counted here was already stored with the same data.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) new: u64,
    pub(crate) updated: u64,
    /// Rows that differ from newer stored data, which is kept.
    pub(crate) newer: u64,
    /// Rows from before the erasure of their users, which were ignored.
    pub(crate) erased: u64,
}

impl Written {
    /// Counts as Postgres returns them; they are never negative.
    fn of(new: i64, updated: i64, newer: i64, erased: i64) -> Self {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Self { new: count(new), updated: count(updated), newer: count(newer), erased: count(erased) }
    }
}

/// The terms for all rows of an import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The time of the data. Later changes here are newer.
    pub(crate) taken_at: DateTime<Utc>,
    /// Whether a missing date means that the source does not know it. Otherwise the stored date is removed.
    pub(crate) partial: bool,
    /// Whether to write. Otherwise the same statements only compare.
    pub(crate) write: bool,
}

/// Stores `records`, which are sorted by user. A user erased after the data was taken is ignored. A new user whose number was
/// welcomed before an erasure is stored as welcomed.
///
/// A user whose number changed becomes `stored` again, so that the next backfill can welcome the user: the state
/// belongs to the current number. Another spelling of the same number does not change the state. Neither does any
/// change while the user is `received`: the worker reads the number when it processes the event.
#[expect(clippy::too_many_lines, reason = "one statement with its 21 parameters")]
pub(crate) async fn upsert(
    connection: &mut PgConnection,
    (numbers, erasure): (&NumberPolicy, Option<&ErasureKey>),
    records: &[Record],
    terms: Terms,
) -> Result<Written, sqlx::Error> {
    let ids: Vec<String> = records.iter().map(|r| r.user_id.to_string()).collect();
    let Readings { textable, identities } = Readings::of(connection, numbers, records, &ids).await?;
    let c = Columns::of(records, &textable, erasure);
    let counts = sqlx::query!(
        r#"
        WITH given AS (
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::date[], $8::date[], $9::timestamptz[], $12::text[], $14::bytea[], $15::bytea[],
                $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[]
            ) AS t (user_id, kind, phone_raw, phone_e164, language, display_name,
                    due_date, child_birth_date, signed_up_at, identity, user_digest, number_digest,
                    country_hint, channel, time_zone, tips_hour, cadence, household_id)
        ), incoming AS (
            SELECT g.*, coalesce((SELECT e.welcomed FROM erased_numbers e WHERE e.digest = g.number_digest), false)
                            AS welcomed_before
            FROM given g
            WHERE (SELECT e.digest FROM erased_users e WHERE e.digest = g.user_digest AND e.as_of >= $10) IS NULL
        ), compared AS (
            SELECT i.user_id, i.welcomed_before, w.*,
                   u.user_id IS NULL AS is_new,
                   coalesce(u.changed_at > $10, false) AS is_newer,
                   (u.kind, u.phone_raw, u.phone_e164, u.language, u.display_name, u.due_date,
                    u.child_birth_date, u.signed_up_at, u.active,
                    u.country_hint, u.channel, u.time_zone, u.tips_hour, u.cadence, u.household_id)
                   IS DISTINCT FROM
                   (w.kind, w.phone_raw, w.phone_e164, w.language, w.display_name, w.due_date,
                    w.child_birth_date, w.signed_up_at, true,
                    w.country_hint, w.channel, w.time_zone, w.tips_hour, w.cadence, w.household_id) AS differs
            FROM incoming i LEFT JOIN users u USING (user_id),
                 LATERAL (SELECT
                     coalesce(i.kind, u.kind) AS kind, i.phone_raw,
                     CASE
                         WHEN u.phone_raw = i.phone_raw AND (u.country_hint IS NOT NULL OR i.phone_e164 IS NULL)
                              AND coalesce(i.country_hint = u.country_hint, i.country_hint IS NULL) THEN u.phone_e164
                         WHEN u.phone_e164 = i.identity THEN u.phone_e164
                         ELSE i.phone_e164
                     END AS phone_e164,
                     coalesce(i.language, u.language) AS language,
                     coalesce(i.display_name, u.display_name) AS display_name,
                     CASE WHEN $13 THEN coalesce(i.due_date, u.due_date) ELSE i.due_date END AS due_date,
                     CASE WHEN $13 THEN coalesce(i.child_birth_date, u.child_birth_date) ELSE i.child_birth_date END
                         AS child_birth_date,
                     coalesce(i.signed_up_at, u.signed_up_at) AS signed_up_at,
                     coalesce(i.country_hint, u.country_hint) AS country_hint,
                     coalesce(i.channel, u.channel) AS channel,
                     coalesce(i.time_zone, u.time_zone) AS time_zone,
                     coalesce(i.tips_hour, u.tips_hour) AS tips_hour,
                     coalesce(i.cadence, u.cadence) AS cadence,
                     coalesce(i.household_id, u.household_id) AS household_id) w
        ), written AS (
            INSERT INTO users (user_id, kind, phone_raw, phone_e164, language, display_name,
                               due_date, child_birth_date, signed_up_at, country_hint, channel, time_zone, tips_hour,
                               cadence, household_id, source, changed_at, state, reason)
            SELECT user_id, kind, phone_raw, phone_e164, language, display_name,
                   due_date, child_birth_date, signed_up_at, country_hint, channel, time_zone, tips_hour,
                   cadence, household_id, 'import', $10,
                   CASE WHEN welcomed_before THEN 'registered'::user_state ELSE 'stored' END,
                   CASE WHEN welcomed_before THEN 'already_welcomed' END
            FROM compared
            WHERE $11 AND differs AND NOT is_newer
            ORDER BY user_id
            ON CONFLICT (user_id) DO UPDATE SET
                kind = EXCLUDED.kind, phone_raw = EXCLUDED.phone_raw, phone_e164 = EXCLUDED.phone_e164,
                language = EXCLUDED.language, display_name = EXCLUDED.display_name,
                due_date = EXCLUDED.due_date, child_birth_date = EXCLUDED.child_birth_date,
                signed_up_at = EXCLUDED.signed_up_at, country_hint = EXCLUDED.country_hint,
                channel = EXCLUDED.channel, time_zone = EXCLUDED.time_zone, tips_hour = EXCLUDED.tips_hour,
                cadence = EXCLUDED.cadence, household_id = EXCLUDED.household_id,
                active = true, source = EXCLUDED.source,
                changed_at = EXCLUDED.changed_at, updated_at = now(),
                (state, reason, attempt_id, registration_method, registered_at, next_attempt_at, retry_since,
                 retries) = (
                    SELECT state, reason, attempt_id, method, registered_at, next_attempt_at, retry_since, retries
                    FROM (VALUES
                        (true, EXCLUDED.state, EXCLUDED.reason, NULL::uuid, NULL::text, NULL::timestamptz,
                         NULL::timestamptz, NULL::timestamptz, 0),
                        (false, users.state, users.reason, users.attempt_id, users.registration_method,
                         users.registered_at, users.next_attempt_at, users.retry_since, users.retries)
                    ) AS v (restarts, state, reason, attempt_id, method, registered_at, next_attempt_at, retry_since,
                            retries)
                    WHERE restarts = (users.state <> 'received'
                                  AND (users.phone_raw, users.country_hint)
                                      IS DISTINCT FROM (EXCLUDED.phone_raw, EXCLUDED.country_hint)
                                  AND (users.phone_e164 = EXCLUDED.phone_e164) IS NOT TRUE)
                )
            WHERE users.changed_at <= EXCLUDED.changed_at
        )
        SELECT count(*) FILTER (WHERE is_new) AS "new!",
               count(*) FILTER (WHERE differs AND NOT is_new AND NOT is_newer) AS "updated!",
               count(*) FILTER (WHERE differs AND is_newer) AS "newer!",
               (SELECT count(*) FROM given) - count(*) AS "erased!"
        FROM compared
        "#,
        &ids,
        &c.kinds as &[Option<&str>],
        &c.raws as &[&str],
        &textable as &[Option<String>],
        &c.languages as &[Option<&str>],
        &c.names as &[Option<&str>],
        &c.due_dates as &[Option<NaiveDate>],
        &c.birth_dates as &[Option<NaiveDate>],
        &c.signed_up as &[Option<DateTime<Utc>>],
        terms.taken_at,
        terms.write,
        &identities as &[Option<String>],
        terms.partial,
        &c.users as &[Option<Vec<u8>>],
        &c.numbers as &[Option<Vec<u8>>],
        &c.hints as &[Option<&str>],
        &c.channels as &[Option<&str>],
        &c.zones as &[Option<&str>],
        &c.hours as &[Option<&str>],
        &c.cadences as &[Option<&str>],
        &c.households as &[Option<&str>],
    )
    .fetch_one(connection)
    .await?;
    Ok(Written::of(counts.new, counts.updated, counts.newer, counts.erased))
}

/// The records as columns.
struct Columns<'a> {
    kinds: Vec<Option<&'static str>>,
    raws: Vec<&'a str>,
    languages: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    due_dates: Vec<Option<NaiveDate>>,
    birth_dates: Vec<Option<NaiveDate>>,
    signed_up: Vec<Option<DateTime<Utc>>>,
    /// Digests of the user ids; none without a key.
    users: Vec<Option<Vec<u8>>>,
    /// Digests of the numbers.
    numbers: Vec<Option<Vec<u8>>>,
    hints: Vec<Option<&'a str>>,
    channels: Vec<Option<&'a str>>,
    zones: Vec<Option<&'a str>>,
    hours: Vec<Option<&'static str>>,
    cadences: Vec<Option<&'static str>>,
    households: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(records: &'a [Record], textable: &[Option<String>], erasure: Option<&ErasureKey>) -> Self {
        let of_user = |record: &Record| Some(erasure?.user(&record.user_id).to_vec());
        let of_number = |number: &Option<String>| Some(erasure?.number(number.as_deref()?).to_vec());
        Self {
            kinds: records.iter().map(|r| r.kind.map(UserKind::as_str)).collect(),
            raws: records.iter().map(|r| r.phone_raw.as_str()).collect(),
            languages: records.iter().map(|r| r.language.as_deref()).collect(),
            names: records.iter().map(|r| r.display_name.as_deref()).collect(),
            due_dates: records.iter().map(|r| r.due_date).collect(),
            birth_dates: records.iter().map(|r| r.child_birth_date).collect(),
            signed_up: records.iter().map(|r| r.signed_up_at).collect(),
            users: records.iter().map(of_user).collect(),
            numbers: textable.iter().map(of_number).collect(),
            hints: records.iter().map(|r| r.profile.country_hint.as_deref()).collect(),
            channels: records.iter().map(|r| r.profile.channel.as_deref()).collect(),
            zones: records.iter().map(|r| r.profile.time_zone).collect(),
            hours: records.iter().map(|r| r.profile.tips_hour.map(TipsHour::as_str)).collect(),
            cadences: records.iter().map(|r| r.profile.cadence.map(Cadence::as_str)).collect(),
            households: records.iter().map(|r| r.profile.household_id.as_deref()).collect(),
        }
    }
}

/// One reading per record, in their order.
struct Readings {
    /// E.164. None unless the number can be texted.
    textable: Vec<Option<String>>,
    /// E.164, even if its country may not be texted. It tells spellings of one number from two numbers.
    identities: Vec<Option<String>>,
}

impl Readings {
    /// Reads the numbers of `records`, whose ids are `ids`.
    async fn of(
        connection: &mut PgConnection,
        numbers: &NumberPolicy,
        records: &[Record],
        ids: &[String],
    ) -> Result<Self, sqlx::Error> {
        let stored = country_hints(connection, ids).await?;
        let hinted = records.iter().zip(ids).map(|(record, id)| {
            let own = record.profile.country_hint.as_deref();
            (record, own.or_else(|| stored.get(id).map(String::as_str)))
        });
        let text = |number: E164| number.as_str().to_owned();
        let (textable, identities) = hinted
            .map(|(record, hint)| {
                let raw = &record.phone_raw;
                let textable = match hint {
                    None => record.phone_e164.clone(),
                    Some(_) => numbers.textable(raw, hint).ok().map(|phone| text(phone.e164)),
                };
                (textable, numbers.identity(raw, hint).map(text))
            })
            .unzip();
        Ok(Self { textable, identities })
    }
}

async fn country_hints(
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id, country_hint AS "country_hint!" FROM users
           WHERE user_id = ANY ($1) AND country_hint IS NOT NULL"#,
        ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.country_hint)).collect())
}

/// The stored columns that tell the number of a user.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) country_hint: Option<String>,
    pub(crate) phone_e164: Option<String>,
}

/// Those of these users that are stored.
pub(crate) async fn stored(
    connection: &mut PgConnection,
    users: &[&str],
) -> Result<HashMap<String, Stored>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT user_id, country_hint, phone_e164 FROM users WHERE user_id = ANY ($1)",
        users as &[&str],
    )
    .fetch_all(connection)
    .await?;
    let stored = rows
        .into_iter()
        .map(|r| (r.user_id, Stored { country_hint: r.country_hint, phone_e164: r.phone_e164 }));
    Ok(stored.collect())
}

/// Those of these digests of users that were erased after the data was taken.
pub(crate) async fn erased_since(
    connection: &mut PgConnection,
    digests: &[&[u8]],
    taken_at: DateTime<Utc>,
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT digest FROM erased_users WHERE digest = ANY ($1) AND as_of >= $2",
        digests as &[&[u8]],
        taken_at,
    )
    .fetch_all(connection)
    .await
}

/// Marks stored users among `users` as inactive, so that no backfill enqueues them, and returns their
/// count. Without `write` the same statement only counts.
pub(crate) async fn deactivate(pool: &PgPool, users: &[UserId], terms: Terms) -> Result<u64, sqlx::Error> {
    let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
    let count = sqlx::query_scalar!(
        r#"
        WITH closed AS (
            SELECT user_id FROM users WHERE user_id = ANY ($1) AND active AND changed_at <= $2
        ), written AS (
            UPDATE users SET active = false, source = 'import', changed_at = $2, updated_at = now()
            FROM closed
            WHERE users.user_id = closed.user_id AND $3
        )
        SELECT count(*) AS "count!" FROM closed
        "#,
        &ids,
        terms.taken_at,
        terms.write,
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The actor and the justification of an import.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) actor: String,
    pub(crate) reason: String,
}

/// The time of our database. Data are never dated after it: if the clock of a portal or a file server is ahead, events
/// that follow the import would look older than its data.
pub(crate) async fn now(pool: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(pool).await
}
