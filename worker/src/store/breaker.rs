//! What the fleet holds back at Twilio. Only the database's clock says when a probe is due.

use std::time::Duration;

use shared::{domain::Reason, lane::QueueLane};
use sqlx::PgPool;

/// One scope that is held back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeldScope {
    pub(crate) scope: String,
    pub(crate) kind: String,
    pub(crate) by_callback: bool,
    /// Seconds until the next probe; not positive: it is due.
    pub(crate) due_in: f64,
    /// Seconds since it opened.
    pub(crate) open_for: f64,
}

/// What to hold back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) scope: String,
    pub(crate) kind: String,
    pub(crate) by_callback: bool,
}

/// The shortest and the longest gap between two probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gaps {
    pub(crate) base: Duration,
    pub(crate) max: Duration,
}

/// Every scope that is held back.
pub(crate) async fn current(pool: &PgPool) -> Result<Vec<HeldScope>, sqlx::Error> {
    sqlx::query_as!(
        HeldScope,
        r#"SELECT scope, kind, by_callback, extract(epoch FROM next_probe_at - now())::float8 AS "due_in!",
                  extract(epoch FROM now() - opened_at)::float8 AS "open_for!"
           FROM breaker WHERE closed_at IS NULL"#
    )
    .fetch_all(pool)
    .await
}

/// Holds a scope back. A fault that returns begins with the gap it had, less one doubling for each of the longest gaps
/// that passed without it.
pub(crate) async fn open(pool: &PgPool, fault: &Fault, gaps: Gaps) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO breaker AS b (scope, kind, by_callback, next_probe_at)
         VALUES ($1, $2, $3, now() + make_interval(secs => $4::float8))
         ON CONFLICT (scope) DO UPDATE SET
             -- Workers that see different kinds of one outage see a mixed one.
             kind = CASE WHEN b.scope = 'network' AND b.closed_at IS NULL AND b.kind <> EXCLUDED.kind
                 THEN 'mixed' ELSE EXCLUDED.kind END,
             by_callback = EXCLUDED.by_callback, passed_at = NULL,
             opened_at = CASE WHEN b.closed_at IS NULL THEN b.opened_at ELSE now() END,
             doublings = CASE WHEN b.closed_at IS NULL THEN b.doublings
                 ELSE GREATEST(0, b.doublings + 1
                     - floor(extract(epoch FROM now() - b.closed_at)::float8 / $5::float8))::int END,
             next_probe_at = CASE WHEN b.closed_at IS NULL THEN b.next_probe_at
                 ELSE now() + make_interval(secs => LEAST($5::float8, $4::float8 * power(2::float8, LEAST(30,
                     GREATEST(0, b.doublings + 1
                         - floor(extract(epoch FROM now() - b.closed_at)::float8 / $5::float8)))))) END,
             closed_at = NULL",
        fault.scope,
        fault.kind,
        fault.by_callback,
        gaps.base.as_secs_f64(),
        gaps.max.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Whether this worker may probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeClaim {
    /// It is ours: the only one until the next gap is over.
    Ours,
    /// Nothing bad was reported of the last probe's message: the scope is open to all.
    Passed,
    /// It is not due, or another worker's.
    NotOurs,
}

/// Takes the probe of a scope, if it is due. The next one is due after `within`, the time that this one may take, and
/// the next gap.
pub(crate) async fn take_probe(
    pool: &PgPool,
    scope: &str,
    within: Duration,
    gaps: Gaps,
) -> Result<ProbeClaim, sqlx::Error> {
    let closed = sqlx::query_scalar!(
        r#"UPDATE breaker SET
               closed_at = CASE WHEN passed_at IS NOT NULL THEN now() END,
               doublings = CASE WHEN passed_at IS NULL THEN doublings + 1 ELSE doublings END,
               next_probe_at = now() + make_interval(secs => $2::float8
                   + LEAST($4::float8, $3::float8 * power(2::float8, LEAST(30, doublings + 1))))
           WHERE scope = $1 AND closed_at IS NULL AND next_probe_at <= now()
           RETURNING closed_at IS NOT NULL AS "closed!""#,
        scope,
        within.as_secs_f64(),
        gaps.base.as_secs_f64(),
        gaps.max.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(match closed {
        None => ProbeClaim::NotOurs,
        Some(true) => ProbeClaim::Passed,
        Some(false) => ProbeClaim::Ours,
    })
}

/// A probe failed: the next one is due after the gap, counted from now.
pub(crate) async fn failed(pool: &PgPool, scope: &str, kind: &str, gaps: Gaps) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE breaker SET kind = $2, next_probe_at =
             now() + make_interval(secs => LEAST($4::float8, $3::float8 * power(2::float8, LEAST(30, doublings))))
         WHERE scope = $1 AND closed_at IS NULL",
        scope,
        kind,
        gaps.base.as_secs_f64(),
        gaps.max.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A probe found no user to call: the next one is due soon.
pub(crate) async fn found_no_user(pool: &PgPool, scope: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE breaker SET doublings = GREATEST(0, doublings - 1), next_probe_at = now() + interval '1 second'
         WHERE scope = $1 AND closed_at IS NULL",
        scope
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A user whose probe came to no end is to be tried later than others.
pub(crate) async fn postpone(pool: &PgPool, user_id: &str, by: Duration) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET next_attempt_at = now() + make_interval(secs => $2)
         WHERE user_id = $1 AND state = 'received' AND next_attempt_at IS NOT NULL",
        user_id,
        by.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The scope is open to all again.
pub(crate) async fn close(pool: &PgPool, scope: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE breaker SET closed_at = now() WHERE scope = $1 AND closed_at IS NULL", scope)
        .execute(pool)
        .await?;
    Ok(())
}

/// Twilio sent a probe's message on: if nothing bad is reported until the next probe is due, the scope is open to all.
pub(crate) async fn passed(pool: &PgPool, scope: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE breaker SET passed_at = coalesce(passed_at, now())
         WHERE scope = $1 AND by_callback AND closed_at IS NULL",
        scope
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The user of these lanes who has waited longest, live before backfill; none of a paused lane.
pub(crate) async fn longest_waiting(
    pool: &PgPool,
    lanes: &[QueueLane],
) -> Result<Option<(String, QueueLane)>, sqlx::Error> {
    for lane in lanes {
        let user = sqlx::query_scalar!(
            "SELECT user_id FROM users
             WHERE next_attempt_at <= now() AND state = 'received' AND lane = $1
               AND NOT EXISTS (SELECT FROM pauses p
                               WHERE p.lane = users.lane AND (p.ends_at IS NULL OR p.ends_at > now()))
             ORDER BY next_attempt_at LIMIT 1",
            *lane as QueueLane,
        )
        .fetch_optional(pool)
        .await?;
        if let Some(user) = user {
            return Ok(Some((user, *lane)));
        }
    }
    Ok(None)
}

/// Counts one more wait of a user whose country is held back. True: the user waited for longer than `retry_for` and
/// ended with `reason`.
pub(crate) async fn waited(
    pool: &PgPool,
    user_id: &str,
    retry_for: Duration,
    reason: Reason,
) -> Result<bool, sqlx::Error> {
    let word = reason.as_str();
    let ended = sqlx::query_scalar!(
        r#"UPDATE users u SET
               retries = u.retries + 1, retry_since = coalesce(u.retry_since, now()), updated_at = now(),
               state = CASE WHEN w.over THEN 'failed' ELSE u.state END::user_state,
               reason = CASE WHEN w.over THEN $3 ELSE u.reason END,
               next_attempt_at = CASE WHEN w.over THEN NULL ELSE u.next_attempt_at END
           FROM (SELECT user_id, now() - coalesce(retry_since, now()) >= make_interval(secs => $2) AS over
                 FROM users WHERE user_id = $1 FOR UPDATE) w
           WHERE u.user_id = w.user_id AND u.state = 'received' AND u.next_attempt_at IS NOT NULL
           RETURNING w.over AS "over!""#,
        user_id,
        retry_for.as_secs_f64(),
        &word,
    )
    .fetch_optional(pool)
    .await?;
    Ok(ended.unwrap_or(false))
}
