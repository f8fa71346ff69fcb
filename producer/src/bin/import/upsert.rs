//! Table `users`: storing what an import found.

use chrono::{DateTime, Utc};
use producer::UserKind;
use shared::phone::NumberPolicy;
use sqlx::PgPool;

use crate::{readings::Readings, record::Record};

/// What became of a batch. A row that is none of these is stored already, just so.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) new: u64,
    pub(crate) updated: u64,
    /// Differs, but what is stored is younger than the snapshot.
    pub(crate) newer: u64,
}

/// What holds for all rows of an import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// When the data were true; what changed here since is newer than them.
    pub(crate) taken_at: DateTime<Utc>,
    /// Whether a date that is missing is unknown to the source, rather than no longer so.
    pub(crate) partial: bool,
    /// Without it the same statements only compare.
    pub(crate) write: bool,
}

/// Stores `records`.
///
/// A user whose number became another one starts anew as `stored`, so that the next backfill can welcome her:
/// her state tells of her current number. Another spelling of the same number changes no state, and neither does
/// anything while she is `received`: the worker reads her number when her turn comes.
pub(crate) async fn upsert(
    pool: &PgPool,
    numbers: &NumberPolicy,
    records: &[Record],
    terms: Terms,
) -> Result<Written, sqlx::Error> {
    let ids: Vec<String> = records.iter().map(|r| r.user_id.to_string()).collect();
    let kinds: Vec<_> = records.iter().map(|r| r.kind.map(UserKind::as_str)).collect();
    let raws: Vec<String> = records.iter().map(|r| r.phone_raw.clone()).collect();
    let Readings { textable, identities } = Readings::of(pool, numbers, records, &ids).await?;
    let languages: Vec<_> = records.iter().map(|r| r.language.clone()).collect();
    let names: Vec<_> = records.iter().map(|r| r.display_name.clone()).collect();
    let due_dates: Vec<_> = records.iter().map(|r| r.due_date).collect();
    let birth_dates: Vec<_> = records.iter().map(|r| r.child_birth_date).collect();
    let signed_up: Vec<_> = records.iter().map(|r| r.signed_up_at).collect();
    let counts = sqlx::query!(
        r#"
        WITH incoming AS (
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::date[], $8::date[], $9::timestamptz[], $12::text[]
            ) AS t (user_id, kind, phone_raw, phone_e164, language, display_name,
                    due_date, child_birth_date, signed_up_at, identity)
        ), compared AS (
            SELECT i.user_id, w.*,
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
                               due_date, child_birth_date, signed_up_at, source, changed_at)
            SELECT user_id, kind, phone_raw, phone_e164, language, display_name,
                   due_date, child_birth_date, signed_up_at, 'import', $10
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
                        (true, 'stored'::user_state, NULL::text, NULL::uuid, NULL::text, NULL::timestamptz,
                         NULL::timestamptz, NULL::timestamptz, 0),
                        (false, users.state, users.reason, users.attempt_id, users.registration_method,
                         users.registered_at, users.next_attempt_at, users.retry_since, users.retries)
                    ) AS v (anew, state, reason, attempt_id, method, registered_at, next_attempt_at, retry_since,
                            retries)
                    WHERE anew = (users.state <> 'received' AND users.phone_raw <> EXCLUDED.phone_raw
                                  AND (users.phone_e164 = EXCLUDED.phone_e164) IS NOT TRUE)
                )
            WHERE users.changed_at <= EXCLUDED.changed_at
        )
        SELECT count(*) FILTER (WHERE is_new) AS "new!",
               count(*) FILTER (WHERE differs AND NOT is_new AND NOT is_newer) AS "updated!",
               count(*) FILTER (WHERE differs AND is_newer) AS "newer!"
        FROM compared
        "#,
        &ids,
        &kinds as &[Option<&str>],
        &raws,
        &textable as &[Option<String>],
        &languages as &[Option<String>],
        &names as &[Option<String>],
        &due_dates as &[Option<chrono::NaiveDate>],
        &birth_dates as &[Option<chrono::NaiveDate>],
        &signed_up as &[Option<DateTime<Utc>>],
        terms.taken_at,
        terms.write,
        &identities as &[Option<String>],
        terms.partial,
    )
    .fetch_one(pool)
    .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(Written { new: count(counts.new), updated: count(counts.updated), newer: count(counts.newer) })
}
