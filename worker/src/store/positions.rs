//! How far the workers are with each lane's queue, so that none enqueues again what the queue still holds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;
use sqlx::PgPool;

/// A worker that reported longer ago than this has lost its deliveries to others.
const LIVE: Duration = Duration::from_secs(60);

/// Reports the age of the oldest delivery that this worker has in hand, for every lane.
pub(crate) async fn report(
    pool: &PgPool,
    worker_id: &str,
    ages: [(QueueLane, Option<Duration>); 2],
) -> Result<(), sqlx::Error> {
    // Rows of workers that are gone are few, and no reader counts them.
    sqlx::query!(
        "WITH gone AS (DELETE FROM lane_positions WHERE seen_at < now() - interval '1 hour')
         INSERT INTO lane_positions (lane, worker_id, oldest)
         SELECT p.lane, $1, now() - make_interval(secs => p.age)
         FROM UNNEST($2::lane[], $3::float8[]) AS p(lane, age)
         ON CONFLICT (lane, worker_id) DO UPDATE SET oldest = EXCLUDED.oldest, seen_at = now()",
        worker_id,
        &ages.map(|(lane, _)| lane) as &[QueueLane],
        &ages.map(|(_, age)| age.map(|age| age.as_secs_f64())) as &[Option<f64>],
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// When the oldest delivery in any worker's hands was published; none: no worker has one.
pub(crate) async fn oldest(pool: &PgPool, lane: QueueLane) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT min(oldest) FROM lane_positions WHERE lane = $1 AND seen_at > now() - make_interval(secs => $2)",
        lane as QueueLane,
        LIVE.as_secs_f64(),
    )
    .fetch_one(pool)
    .await
}
