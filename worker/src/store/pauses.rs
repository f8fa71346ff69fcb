//! Lanes that a person holds back. Only the database's clock says when a pause is over.

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;
use sqlx::PgPool;

use super::audit::{self, NewEntry};

/// A pause in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) lane: QueueLane,
    /// None: until it is lifted.
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// When a new pause ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limit {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) seconds: Option<f64>,
}

/// Every pause in force.
pub(crate) async fn current(pool: &PgPool) -> Result<Vec<Pause>, sqlx::Error> {
    sqlx::query_as!(
        Pause,
        r#"SELECT lane AS "lane: QueueLane", ends_at FROM pauses WHERE ends_at IS NULL OR ends_at > now()"#
    )
    .fetch_all(pool)
    .await
}

/// Pauses a lane, or changes its pause. `None`: the time given is over already.
pub(crate) async fn pause(
    pool: &PgPool,
    lane: QueueLane,
    limit: Limit,
    actor: &str,
    reason: &str,
) -> Result<Option<Pause>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let pause = sqlx::query_as!(
        Pause,
        r#"INSERT INTO pauses (lane, reason, actor, ends_at)
           SELECT $1, $2, $3, t.ends_at
           FROM (SELECT COALESCE($4::timestamptz, now() + make_interval(secs => $5::float8)) AS ends_at) t
           WHERE t.ends_at IS NULL OR t.ends_at > now()
           ON CONFLICT (lane) DO UPDATE SET reason = EXCLUDED.reason, actor = EXCLUDED.actor,
               ends_at = EXCLUDED.ends_at, paused_at = now()
           RETURNING lane AS "lane: QueueLane", ends_at"#,
        lane as QueueLane,
        reason,
        actor,
        limit.at,
        limit.seconds,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if pause.is_some() {
        let subject = format!("lane {}", lane.as_str());
        audit::note(&mut tx, &NewEntry { actor, action: "pause", subject: &subject, reason }).await?;
    }
    tx.commit().await?;
    Ok(pause)
}

/// Lifts a lane's pause. False: it was not paused.
pub(crate) async fn resume(
    pool: &PgPool,
    lane: QueueLane,
    actor: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let lifted = sqlx::query_scalar!(
        r#"DELETE FROM pauses WHERE lane = $1 RETURNING (ends_at IS NULL OR ends_at > now()) AS "in_force!""#,
        lane as QueueLane,
    )
    .fetch_optional(&mut *tx)
    .await?
    .unwrap_or(false);
    if lifted {
        let subject = format!("lane {}", lane.as_str());
        audit::note(&mut tx, &NewEntry { actor, action: "resume", subject: &subject, reason }).await?;
    }
    tx.commit().await?;
    Ok(lifted)
}
