//! Numbers that a channel does not reach for some days.

use sqlx::{PgConnection, PgPool};

use crate::twilio::Absence;

/// Notes that Twilio refused a message at once because the channel does not reach its number.
pub(crate) async fn refused(
    pool: &PgPool,
    phone: &str,
    channel: &str,
    absence: Absence,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    note(&mut connection, phone, channel, absence, reason).await
}

/// Notes that the channel did not reach a number. Each failure in a row lasts as long as `absence` says, from now on.
pub(super) async fn note(
    tx: &mut PgConnection,
    phone: &str,
    channel: &str,
    absence: Absence,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let days: Vec<i32> = absence.days().map(i32::from).collect();
    sqlx::query!(
        "INSERT INTO channel_faults AS f (phone_e164, channel, until, reason)
         VALUES ($1, $2, calendar_now() + make_interval(days => ($3::int[])[1]), $4)
         ON CONFLICT (phone_e164, channel) DO UPDATE SET
             failures = f.failures + 1, reason = EXCLUDED.reason, updated_at = now(),
             -- A second report of the same fault adds nothing.
             until = GREATEST(f.until, calendar_now()
                 + make_interval(days => ($3::int[])[LEAST(f.failures + 1, cardinality($3::int[]))]))
         WHERE f.until <= calendar_now() OR f.reason <> EXCLUDED.reason",
        phone,
        channel,
        &days,
        reason,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A message reached the number.
pub(super) async fn clear(tx: &mut PgConnection, phone: &str, channel: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM channel_faults WHERE phone_e164 = $1 AND channel = $2", phone, channel)
        .execute(tx)
        .await
        .map(drop)
}
