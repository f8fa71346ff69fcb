//! How many people were written to by WhatsApp: in any 24 hours no more than its limit for the business. Counted by the
//! hour, so the limit holds for 24 to 25 hours.
//!
//! Source of the limit: WhatsApp's documentation, "Messaging limits". Who wrote to us in the last 24 hours does not count;
//! here they do, which is on the safe side.

use std::time::Duration;

use shared::domain::PeopleLimit;
use sqlx::{PgConnection, PgPool};

/// How many people may still be written to now. Locks the row of this hour until the transaction ends.
pub(super) async fn room(tx: &mut PgConnection, limit: PeopleLimit) -> Result<usize, sqlx::Error> {
    let Some(per_day) = limit.per_day() else { return Ok(usize::MAX) };
    sqlx::query!(
        "INSERT INTO whatsapp_people (hour) VALUES (date_trunc('hour', calendar_now()))
         ON CONFLICT (hour) DO UPDATE SET people = whatsapp_people.people"
    )
    .execute(&mut *tx)
    .await?;
    let used = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(people), 0) AS "used!" FROM whatsapp_people
           WHERE hour > calendar_now() - interval '25 hours'"#
    )
    .fetch_one(tx)
    .await?;
    Ok(usize::try_from(i64::from(per_day) - used).unwrap_or(0))
}

/// Counts people who are written to now.
pub(super) async fn admit(
    tx: &mut PgConnection,
    limit: PeopleLimit,
    people: usize,
) -> Result<(), sqlx::Error> {
    if limit == PeopleLimit::Unlimited || people == 0 {
        return Ok(());
    }
    // `room` has written this hour's row in this transaction.
    sqlx::query!(
        "UPDATE whatsapp_people SET people = people + $1 WHERE hour = date_trunc('hour', calendar_now())",
        i32::try_from(people).unwrap_or(i32::MAX),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// How long until the oldest hour counts no more. None: nobody was written to.
pub(crate) async fn until_room(pool: &PgPool) -> Result<Option<Duration>, sqlx::Error> {
    let seconds = sqlx::query_scalar!(
        "SELECT extract(epoch FROM min(hour) + interval '25 hours' - calendar_now())::float8 FROM whatsapp_people
         WHERE people > 0 AND hour > calendar_now() - interval '25 hours'"
    )
    .fetch_one(pool)
    .await?;
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
