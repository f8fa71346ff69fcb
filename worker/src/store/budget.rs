//! `MAX_MESSAGES_PER_DAY`, counted over all workers. A day is one of Asia/Kathmandu.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

/// How many messages may still be claimed today. Locks today's row until the transaction ends.
pub(super) async fn left(tx: &mut PgConnection, per_day: i32) -> Result<usize, sqlx::Error> {
    if per_day == 0 {
        return Ok(usize::MAX);
    }
    let used = sqlx::query_scalar!(
        "INSERT INTO daily_budget (day, used) VALUES ((now() AT TIME ZONE 'Asia/Kathmandu')::date, 0)
         ON CONFLICT (day) DO UPDATE SET used = daily_budget.used RETURNING used"
    )
    .fetch_one(tx)
    .await?;
    Ok(usize::try_from(per_day.saturating_sub(used)).unwrap_or(0))
}

/// Counts claims that were granted.
pub(super) async fn use_up(tx: &mut PgConnection, per_day: i32, granted: usize) -> Result<(), sqlx::Error> {
    add(tx, per_day, i32::try_from(granted).unwrap_or(i32::MAX)).await
}

/// Gives back claims that were refused or never written.
pub(super) async fn give_back(tx: &mut PgConnection, per_day: i32, freed: usize) -> Result<(), sqlx::Error> {
    add(tx, per_day, -i32::try_from(freed).unwrap_or(i32::MAX)).await
}

async fn add(tx: &mut PgConnection, per_day: i32, change: i32) -> Result<(), sqlx::Error> {
    if per_day == 0 || change == 0 {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE daily_budget SET used = GREATEST(used + $1, 0)
         WHERE day = (now() AT TIME ZONE 'Asia/Kathmandu')::date",
        change,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How long until the next day begins in Nepal, by the database's clock.
pub(crate) async fn until_tomorrow(pool: &PgPool) -> Result<Duration, sqlx::Error> {
    let seconds = sqlx::query_scalar!(
        r#"SELECT extract(epoch FROM
               (date_trunc('day', now() AT TIME ZONE 'Asia/Kathmandu') + interval '1 day')
               - (now() AT TIME ZONE 'Asia/Kathmandu'))::float8 AS "seconds!""#
    )
    .fetch_one(pool)
    .await?;
    Ok(Duration::from_secs_f64(seconds.max(1.0)))
}
