//! Lanes that an operator holds. Only the database's clock says when a pause is over.
//!
//! The table `pauses` holds the lanes with a queue, which workers of older releases read as well. The table `lane_pauses`
//! holds the other lanes.

use chrono::{DateTime, Utc};
use shared::lane::{Lane, QueueLane};
use sqlx::{PgExecutor, PgPool};

use super::audit::{self, NewEntry};

/// A pause in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) lane: Lane,
    /// None: until it is lifted.
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// When a new pause ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limit {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) seconds: Option<f64>,
}

/// Every pause in force, the most urgent lane first.
pub(crate) async fn current(database: impl PgExecutor<'_>) -> Result<Vec<Pause>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT lane::text AS "lane!", ends_at FROM pauses WHERE ends_at IS NULL OR ends_at > now()
           UNION ALL
           SELECT lane, ends_at FROM lane_pauses WHERE ends_at IS NULL OR ends_at > now()"#
    )
    .fetch_all(database)
    .await?;
    let pause = |lane: Lane| {
        let row = rows.iter().find(|row| row.lane == lane.as_str())?;
        Some(Pause { lane, ends_at: row.ends_at })
    };
    Ok(Lane::ALL.into_iter().filter_map(pause).collect())
}

/// Pauses a lane, or changes its pause. `None`: the time given is over already.
pub(crate) async fn pause(
    pool: &PgPool,
    lane: impl Into<Lane>,
    limit: Limit,
    actor: &str,
    reason: &str,
) -> Result<Option<Pause>, sqlx::Error> {
    let lane = lane.into();
    let mut tx = pool.begin().await?;
    let end = sqlx::query!(
        r#"SELECT t.ends_at, t.ends_at IS NULL OR t.ends_at > now() AS "is_ahead!"
           FROM (SELECT COALESCE($1::timestamptz, now() + make_interval(secs => $2::float8)) AS ends_at) t"#,
        limit.at,
        limit.seconds,
    )
    .fetch_one(&mut *tx)
    .await?;
    if !end.is_ahead {
        return Ok(None);
    }
    let ends_at = end.ends_at;
    let insert = match lane.queue() {
        Some(queue) => sqlx::query!(
            "INSERT INTO pauses (lane, reason, actor, ends_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (lane) DO UPDATE SET reason = EXCLUDED.reason, actor = EXCLUDED.actor,
                 ends_at = EXCLUDED.ends_at, paused_at = now()",
            queue as QueueLane,
            reason,
            actor,
            ends_at,
        ),
        None => sqlx::query!(
            "INSERT INTO lane_pauses (lane, reason, actor, ends_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (lane) DO UPDATE SET reason = EXCLUDED.reason, actor = EXCLUDED.actor,
                 ends_at = EXCLUDED.ends_at, paused_at = now()",
            lane.as_str(),
            reason,
            actor,
            ends_at,
        ),
    };
    insert.execute(&mut *tx).await?;
    let subject = format!("lane {}", lane.as_str());
    audit::note(&mut tx, &NewEntry { actor, action: "pause", subject: &subject, reason }).await?;
    tx.commit().await?;
    Ok(Some(Pause { lane, ends_at }))
}

/// Lifts a lane's pause. False: it was not paused.
pub(crate) async fn resume(
    pool: &PgPool,
    lane: impl Into<Lane>,
    actor: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let lane = lane.into();
    let mut tx = pool.begin().await?;
    let lifted = match lane.queue() {
        Some(queue) => sqlx::query_scalar!(
            r#"DELETE FROM pauses WHERE lane = $1 RETURNING (ends_at IS NULL OR ends_at > now()) AS "in_force!""#,
            queue as QueueLane,
        )
        .fetch_optional(&mut *tx)
        .await?,
        None => sqlx::query_scalar!(
            r#"DELETE FROM lane_pauses WHERE lane = $1
               RETURNING (ends_at IS NULL OR ends_at > now()) AS "in_force!""#,
            lane.as_str(),
        )
        .fetch_optional(&mut *tx)
        .await?,
    };
    let lifted = lifted.unwrap_or(false);
    if lifted {
        let subject = format!("lane {}", lane.as_str());
        audit::note(&mut tx, &NewEntry { actor, action: "resume", subject: &subject, reason }).await?;
    }
    tx.commit().await?;
    Ok(lifted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixtures::Database;

    async fn paused(pool: &PgPool) -> Vec<Lane> {
        current(pool).await.unwrap().into_iter().map(|pause| pause.lane).collect()
    }

    #[tokio::test]
    async fn every_lane_can_be_paused_and_older_workers_read_only_lanes_they_know() {
        let database = Database::migrated().await;
        let pool = database.pool().await;
        for (n, lane) in Lane::ALL.into_iter().enumerate() {
            let seconds = (n == 0).then_some(3_600.0);
            let limit = Limit { at: None, seconds };
            let pause = pause(&pool, lane, limit, "maya", "wrong wording").await.unwrap().expect("a pause");
            assert_eq!((pause.lane, pause.ends_at.is_some()), (lane, n == 0));
        }
        assert_eq!(paused(&pool).await, Lane::ALL);
        let old = "SELECT lane FROM pauses ORDER BY lane";
        let old: Vec<QueueLane> = sqlx::query_scalar(old).fetch_all(&pool).await.unwrap();
        assert_eq!(old, QueueLane::ALL);
        sqlx::query("INSERT INTO lane_pauses VALUES ('of a later release', '', '')")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(paused(&pool).await, Lane::ALL);
        for lane in Lane::ALL {
            assert!(resume(&pool, lane, "maya", "").await.unwrap());
            assert!(!resume(&pool, lane, "maya", "").await.unwrap(), "it is not paused any more");
        }
        assert_eq!(paused(&pool).await, []);
        let audited: i64 =
            sqlx::query_scalar("SELECT count(*) FROM audit_log").fetch_one(&pool).await.unwrap();
        assert_eq!(audited, 8);
        pool.close().await;
        database.drop().await;
    }

    #[tokio::test]
    async fn a_pause_that_is_over_holds_nothing_and_none_begins_in_the_past() {
        let database = Database::migrated().await;
        let pool = database.pool().await;
        for lane in Lane::ALL {
            let past = Limit { at: Some(Utc::now() - chrono::TimeDelta::seconds(1)), seconds: None };
            assert_eq!(pause(&pool, lane, past, "maya", "").await.unwrap(), None);
            pause(&pool, lane, Limit::default(), "maya", "").await.unwrap();
        }
        for table in ["pauses", "lane_pauses"] {
            let over = format!("UPDATE {table} SET ends_at = now() - interval '1 s'");
            sqlx::query(&over).execute(&pool).await.unwrap();
        }
        assert_eq!(paused(&pool).await, []);
        assert!(!resume(&pool, Lane::Tips, "maya", "").await.unwrap(), "it ended before");
        pool.close().await;
        database.drop().await;
    }
}
