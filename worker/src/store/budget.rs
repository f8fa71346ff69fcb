//! `MAX_MESSAGES_PER_DAY`, counted over all workers. A day is one of Asia/Kathmandu.

use std::time::Duration;

use chrono::NaiveDate;
use sqlx::{PgConnection, PgPool};

/// How many messages may still be claimed today. Locks today's row until the transaction ends.
pub(super) async fn left(tx: &mut PgConnection, per_day: i32) -> Result<usize, sqlx::Error> {
    if per_day == 0 {
        return Ok(usize::MAX);
    }
    let used = sqlx::query_scalar!(
        "INSERT INTO daily_budget (day, used) VALUES ((calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date, 0)
         ON CONFLICT (day) DO UPDATE SET used = daily_budget.used RETURNING used"
    )
    .fetch_one(tx)
    .await?;
    Ok(usize::try_from(per_day.saturating_sub(used)).unwrap_or(0))
}

/// Counts claims that were granted.
pub(super) async fn use_up(tx: &mut PgConnection, per_day: i32, granted: usize) -> Result<(), sqlx::Error> {
    if per_day == 0 || granted == 0 {
        return Ok(());
    }
    // `left` has written today's row in this transaction.
    sqlx::query!(
        "UPDATE daily_budget SET used = used + $1 WHERE day = (calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date",
        i32::try_from(granted).unwrap_or(i32::MAX),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives back claims that were refused or never written, each to the day of its claim: `days` has one entry per claim.
pub(super) async fn give_back(
    tx: &mut PgConnection,
    per_day: i32,
    days: &[NaiveDate],
) -> Result<(), sqlx::Error> {
    if per_day == 0 || days.is_empty() {
        return Ok(());
    }
    // A day without a row had no limit, or was pruned.
    sqlx::query!(
        "UPDATE daily_budget b SET used = GREATEST(b.used - f.claims, 0)
         FROM (SELECT day, count(*)::int AS claims FROM unnest($1::date[]) AS d(day) GROUP BY day) f
         WHERE b.day = f.day",
        days,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How long until the next day begins in Nepal, by the database's clock.
pub(crate) async fn until_tomorrow(pool: &PgPool) -> Result<Duration, sqlx::Error> {
    let seconds = sqlx::query_scalar!(
        r#"SELECT extract(epoch FROM
               (date_trunc('day', calendar_now() AT TIME ZONE 'Asia/Kathmandu') + interval '1 day')
               - (calendar_now() AT TIME ZONE 'Asia/Kathmandu'))::float8 AS "seconds!""#
    )
    .fetch_one(pool)
    .await?;
    Ok(Duration::from_secs_f64(seconds.max(1.0)))
}
