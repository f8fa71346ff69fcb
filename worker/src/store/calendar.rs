//! How far tests have moved the calendar ahead. Statements about days, hours, windows, expiry, gaps and retention read the
//! function `calendar_now()`, which adds it.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

/// How far the calendar is ahead of the real clock.
pub(crate) async fn ahead(pool: &PgPool) -> Result<Duration, sqlx::Error> {
    let seconds = sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT extract(epoch FROM ahead) FROM test_clock), 0)::float8 AS "seconds!""#
    )
    .fetch_one(pool)
    .await?;
    Ok(Duration::from_secs_f64(seconds.max(0.0)))
}

/// Moves the calendar further ahead; returns by how much it is ahead then.
pub(crate) async fn advance(pool: &PgPool, by: Duration) -> Result<Duration, sqlx::Error> {
    let mut tx = pool.begin().await?;
    shift_waits(&mut tx, by.as_secs_f64()).await?;
    let seconds = sqlx::query_scalar!(
        r#"INSERT INTO test_clock (ahead) VALUES (make_interval(secs => $1))
           ON CONFLICT (singleton) DO UPDATE SET ahead = test_clock.ahead + EXCLUDED.ahead
           RETURNING extract(epoch FROM ahead)::float8 AS "seconds!""#,
        by.as_secs_f64(),
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Duration::from_secs_f64(seconds.max(0.0)))
}

/// Sets the calendar to the real clock.
pub(crate) async fn reset(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let back = sqlx::query_scalar!(
        r#"DELETE FROM test_clock RETURNING -extract(epoch FROM ahead)::float8 AS "seconds!""#
    );
    if let Some(seconds) = back.fetch_optional(&mut *tx).await? {
        shift_waits(&mut tx, seconds).await?;
    }
    tx.commit().await
}

/// Users wait by the real clock, but those who wait for the next day or for the end of quiet hours do so by the calendar.
async fn shift_waits(tx: &mut PgConnection, seconds: f64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET next_attempt_at = next_attempt_at - make_interval(secs => $1)
         WHERE next_attempt_at IS NOT NULL AND reason IN ('daily_cap', 'quiet')",
        seconds,
    )
    .execute(tx)
    .await
    .map(drop)
}
