//! The statements of an import on the tables `users` and `suppressions`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};
use shared::{
    erasure::ErasureKey,
    phone::{E164, NumberPolicy},
};
use sqlx::PgPool;

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

/// Stores `records`. A user who was erased after the data was taken stays away, and a new user with a number that had its welcome
/// before an erasure gets no second one.
///
/// A user whose number changed becomes `stored` again, so that the next backfill can welcome the user: the state
/// belongs to the current number. Another spelling of the same number does not change the state. Neither does any
/// change while the user is `received`: the worker reads the number when it processes the event.
pub(crate) async fn upsert(
    pool: &PgPool,
    (numbers, erasure): (&NumberPolicy, Option<&ErasureKey>),
    records: &[Record],
    terms: Terms,
) -> Result<Written, sqlx::Error> {
    let ids: Vec<String> = records.iter().map(|r| r.user_id.to_string()).collect();
    let Readings { textable, identities } = Readings::of(pool, numbers, records, &ids).await?;
    let c = Columns::of(records, &textable, erasure);
    let counts = sqlx::query!(
        r#"
        WITH given AS (
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::date[], $8::date[], $9::timestamptz[], $12::text[], $14::bytea[], $15::bytea[]
            ) AS t (user_id, kind, phone_raw, phone_e164, language, display_name,
                    due_date, child_birth_date, signed_up_at, identity, user_digest, number_digest)
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
                    u.child_birth_date, u.signed_up_at, u.active)
                   IS DISTINCT FROM
                   (w.kind, w.phone_raw, w.phone_e164, w.language, w.display_name, w.due_date,
                    w.child_birth_date, w.signed_up_at, true) AS differs
            FROM incoming i LEFT JOIN users u USING (user_id),
                 LATERAL (SELECT
                     coalesce(i.kind, u.kind) AS kind, i.phone_raw,
                     CASE
                         WHEN u.phone_raw = i.phone_raw AND (u.country_hint IS NOT NULL OR i.phone_e164 IS NULL)
                             THEN u.phone_e164
                         WHEN u.phone_e164 = i.identity THEN u.phone_e164
                         ELSE i.phone_e164
                     END AS phone_e164,
                     coalesce(i.language, u.language) AS language,
                     coalesce(i.display_name, u.display_name) AS display_name,
                     CASE WHEN $13 THEN coalesce(i.due_date, u.due_date) ELSE i.due_date END AS due_date,
                     CASE WHEN $13 THEN coalesce(i.child_birth_date, u.child_birth_date) ELSE i.child_birth_date END
                         AS child_birth_date,
                     coalesce(i.signed_up_at, u.signed_up_at) AS signed_up_at) w
        ), written AS (
            INSERT INTO users (user_id, kind, phone_raw, phone_e164, language, display_name,
                               due_date, child_birth_date, signed_up_at, source, changed_at, state, reason)
            SELECT user_id, kind, phone_raw, phone_e164, language, display_name,
                   due_date, child_birth_date, signed_up_at, 'import', $10,
                   CASE WHEN welcomed_before THEN 'registered'::user_state ELSE 'stored' END,
                   CASE WHEN welcomed_before THEN 'already_welcomed' END
            FROM compared
            WHERE $11 AND differs AND NOT is_newer
            ORDER BY user_id
            ON CONFLICT (user_id) DO UPDATE SET
                kind = EXCLUDED.kind, phone_raw = EXCLUDED.phone_raw, phone_e164 = EXCLUDED.phone_e164,
                language = EXCLUDED.language, display_name = EXCLUDED.display_name,
                due_date = EXCLUDED.due_date, child_birth_date = EXCLUDED.child_birth_date,
                signed_up_at = EXCLUDED.signed_up_at, active = true, source = EXCLUDED.source,
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
                    WHERE restarts = (users.state <> 'received' AND users.phone_raw <> EXCLUDED.phone_raw
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
    )
    .fetch_one(pool)
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
        pool: &PgPool,
        numbers: &NumberPolicy,
        records: &[Record],
        ids: &[String],
    ) -> Result<Self, sqlx::Error> {
        let hints = country_hints(pool, ids).await?;
        let hinted = records.iter().zip(ids).map(|(record, id)| (record, hints.get(id).map(String::as_str)));
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

async fn country_hints(pool: &PgPool, ids: &[String]) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id, country_hint AS "country_hint!" FROM users
           WHERE user_id = ANY ($1) AND country_hint IS NOT NULL"#,
        ids,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.country_hint)).collect())
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

/// A user who opted out.
pub(crate) struct OptOut {
    /// None in a row without an id.
    pub(crate) user_id: Option<UserId>,
    /// The number as typed.
    pub(crate) phone_raw: String,
    /// None if the number cannot be read.
    pub(crate) phone: Option<E164>,
}

/// The actor and the justification of an import.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) actor: String,
    pub(crate) reason: String,
}

/// Suppresses the numbers, and those that the same text means with the country of an event. Returns the count of
/// numbers that were not suppressed before. Without `write` the same statement only counts.
pub(crate) async fn suppress(
    pool: &PgPool,
    opt_outs: &[OptOut],
    author: &Author,
    write: bool,
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Option<&str>> = opt_outs.iter().map(|o| o.user_id.as_ref().map(UserId::as_str)).collect();
    let raws: Vec<&str> = opt_outs.iter().map(|o| o.phone_raw.as_str()).collect();
    let phones: Vec<Option<&str>> = opt_outs.iter().map(|o| o.phone.as_ref().map(E164::as_str)).collect();
    let reason = if author.reason.is_empty() { "opted out in imported data" } else { &author.reason };
    let count = sqlx::query_scalar!(
        r#"
        WITH opted_out AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS t (user_id, phone_raw, phone)
        ), numbers AS (
            SELECT phone FROM opted_out WHERE phone IS NOT NULL
            UNION
            SELECT u.phone_e164 FROM opted_out t JOIN users u USING (user_id)
            WHERE u.phone_raw = t.phone_raw AND u.phone_e164 IS NOT NULL
        ), fresh AS (
            SELECT phone FROM numbers n
            WHERE NOT EXISTS (SELECT FROM suppressions s WHERE s.phone_e164 = n.phone AND s.lifted_at IS NULL)
        ), written AS (
            INSERT INTO suppressions (phone_e164, source, actor, reason)
            SELECT phone, 'import', $4, $5 FROM fresh WHERE $6 ORDER BY phone
            ON CONFLICT DO NOTHING
        )
        SELECT count(*) AS "count!" FROM fresh
        "#,
        &ids as &[Option<&str>],
        &raws as &[&str],
        &phones as &[Option<&str>],
        author.actor,
        reason,
        write,
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The time of our database. Data are never dated after it: if the clock of a portal or a file server is ahead, events
/// that follow the import would look older than its data.
pub(crate) async fn now(pool: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(pool).await
}
