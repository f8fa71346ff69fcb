//! Requests for erasure, and the digests of erased people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    domain::UserId,
    erasure::{Digest, ErasureKey},
};
use sqlx::{PgExecutor, PgPool};

/// A user to erase.
pub(crate) struct Pending {
    pub(crate) user_id: String,
    /// Data as of an earlier time is ignored from then on.
    pub(crate) as_of: DateTime<Utc>,
    /// The number was stopped before the erasure was asked for.
    pub(crate) was_suppressed: bool,
    /// The number that the erasure stopped.
    pub(crate) phone_e164: Option<String>,
    /// When the erasure had stopped it.
    pub(crate) stopped_at: Option<DateTime<Utc>>,
}

/// How many users wait to be erased, and for how long the first one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) users: i64,
    /// Seconds; 0 without requests.
    pub(crate) oldest: f64,
}

/// Whether data of this time is from before the erasure of its user.
pub(crate) async fn ignores(
    pool: &PgPool,
    key: Option<&ErasureKey>,
    user: &UserId,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    Ok(erased_as_of(pool, key, user).await?.is_some_and(|as_of| at <= as_of))
}

/// Up to which time data of an erased user is ignored. None: the user was not erased.
pub(crate) async fn erased_as_of(
    pool: &PgPool,
    key: Option<&ErasureKey>,
    user: &UserId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let Some(key) = key else { return Ok(None) };
    sqlx::query_scalar!("SELECT as_of FROM erased_users WHERE digest = $1", &key.user(user)[..])
        .fetch_optional(pool)
        .await
}

/// The users that wait, those who asked first before others.
pub(crate) async fn pending(pool: &PgPool, limit: i64) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        r#"SELECT user_id, as_of, coalesce(was_suppressed, true) AS "was_suppressed!", phone_e164, stopped_at
           FROM pending_erasures
           ORDER BY requested_at LIMIT $1"#,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The request of one user.
pub(crate) async fn pending_of(pool: &PgPool, user: &UserId) -> Result<Option<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        r#"SELECT user_id, as_of, coalesce(was_suppressed, true) AS "was_suppressed!", phone_e164, stopped_at
           FROM pending_erasures
           WHERE user_id = $1"#,
        user.as_str(),
    )
    .fetch_optional(pool)
    .await
}

/// The number and age of the requests.
pub(crate) async fn waiting<'e>(database: impl PgExecutor<'e>) -> Result<Waiting, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"SELECT count(*) AS "users!",
                  coalesce(extract(epoch FROM calendar_now() - min(requested_at)), 0)::float8 AS "oldest!"
           FROM pending_erasures"#,
    )
    .fetch_one(database)
    .await
}

/// The trace of one erased user or number. It identifies no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Trace {
    User { digest: String, as_of: DateTime<Utc> },
    Number { digest: String, welcomed: bool, suppressed: bool },
}

/// All traces, as a restored backup needs them.
pub(crate) async fn traces(pool: &PgPool) -> Result<Vec<Trace>, sqlx::Error> {
    let users = sqlx::query!(
        r#"SELECT encode(digest, 'hex') AS "digest!", as_of FROM erased_users ORDER BY erased_at"#
    );
    let numbers = sqlx::query!(
        r#"SELECT encode(digest, 'hex') AS "digest!", welcomed, suppressed FROM erased_numbers ORDER BY erased_at"#
    );
    let mut traces: Vec<Trace> = users
        .fetch_all(pool)
        .await?
        .into_iter()
        .map(|row| Trace::User { digest: row.digest, as_of: row.as_of })
        .collect();
    traces.extend(numbers.fetch_all(pool).await?.into_iter().map(|row| Trace::Number {
        digest: row.digest,
        welcomed: row.welcomed,
        suppressed: row.suppressed,
    }));
    Ok(traces)
}

/// Enters a trace again. Known traces stay.
pub(crate) async fn enter_trace(pool: &PgPool, trace: &Trace) -> Result<(), sqlx::Error> {
    match trace {
        Trace::User { digest, as_of } => sqlx::query!(
            "INSERT INTO erased_users AS e (digest, as_of) VALUES (decode($1, 'hex'), $2)
             ON CONFLICT (digest) DO UPDATE SET as_of = GREATEST(e.as_of, EXCLUDED.as_of)",
            digest,
            as_of,
        ),
        Trace::Number { digest, welcomed, suppressed } => sqlx::query!(
            "INSERT INTO erased_numbers AS e (digest, welcomed, suppressed) VALUES (decode($1, 'hex'), $2, $3)
             ON CONFLICT (digest) DO UPDATE SET welcomed = e.welcomed OR EXCLUDED.welcomed,
                 suppressed = e.suppressed OR EXCLUDED.suppressed",
            digest,
            welcomed,
            suppressed,
        ),
    }
    .execute(pool)
    .await
    .map(drop)
}

/// The users that were erased and are stored again as they were before, with the time of their erasure. Some are named by
/// tables of consents alone.
pub(crate) async fn returned(
    pool: &PgPool,
    key: &ErasureKey,
) -> Result<Vec<(UserId, DateTime<Utc>)>, sqlx::Error> {
    const PAGE: i64 = 5_000;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = sqlx::query_scalar!(
            r#"SELECT user_id AS "user_id!" FROM (
                   (SELECT user_id FROM users WHERE user_id > $1 ORDER BY 1 LIMIT $2)
                   UNION
                   (SELECT user_id FROM person_keys WHERE user_id > $1 ORDER BY 1 LIMIT $2)
                   UNION
                   (SELECT user_id FROM silenced_users WHERE user_id > $1 ORDER BY 1 LIMIT $2)
                   UNION
                   (SELECT user_id FROM events_out WHERE user_id > $1 ORDER BY 1 LIMIT $2)) u
               ORDER BY 1 LIMIT $2"#,
            after,
            PAGE,
        )
        .fetch_all(pool)
        .await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(last);
        let users: Vec<UserId> = page.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        let digests: Vec<Digest> = users.iter().map(|user| key.user(user)).collect();
        let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
        let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let rows = sqlx::query!(
            r#"SELECT i.user_id AS "user_id!", e.as_of FROM unnest($1::text[], $2::bytea[]) AS i(user_id, digest)
               JOIN erased_users e ON e.digest = i.digest LEFT JOIN users u ON u.user_id = i.user_id
               WHERE CASE WHEN u.user_id IS NOT NULL THEN u.changed_at <= e.as_of
                          -- What a user said since the erasure stays, also before the signup.
                          ELSE NOT EXISTS (SELECT FROM person_keys k
                                           WHERE k.user_id = i.user_id AND k.created_at > e.as_of) END"#,
            &ids as &[&str],
            &digests as &[&[u8]],
        )
        .fetch_all(pool)
        .await?;
        found.extend(rows.into_iter().filter_map(|row| Some((UserId::parse(&row.user_id).ok()?, row.as_of))));
    }
}
