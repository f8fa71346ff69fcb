//! How many people were written to by WhatsApp: in any 24 hours no more than its limit for the business. Counted by the
//! hour, so the limit holds for 24 to 25 hours.
//!
//! Source of the limit: WhatsApp's documentation, "Messaging limits". Who wrote to us in the last 24 hours does not count;
//! here they do, which is on the safe side.

use std::time::Duration;

use shared::domain::{MessagingLimit, PeopleLimit};
use sqlx::{PgConnection, PgPool};

/// How many people may still be written to now. Locks the row of this hour until the transaction ends.
pub(super) async fn room(tx: &mut PgConnection, limit: PeopleLimit) -> Result<usize, sqlx::Error> {
    if limit == PeopleLimit::Unlimited {
        return Ok(usize::MAX);
    }
    sqlx::query!(
        "INSERT INTO whatsapp_people (hour) VALUES (date_trunc('hour', calendar_now()))
         ON CONFLICT (hour) DO UPDATE SET people = whatsapp_people.people"
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(p.people), 0) AS "used!", (SELECT s.people FROM whatsapp_sender s) AS reported
           FROM whatsapp_people p WHERE p.hour > calendar_now() - interval '25 hours'"#
    )
    .fetch_one(tx)
    .await?;
    Ok(match limit.per_day(row.reported.and_then(MessagingLimit::of_stored)) {
        Some(per_day) => usize::try_from(i64::from(per_day) - row.used).unwrap_or(0),
        None => usize::MAX,
    })
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

/// Counts as many people as there is room for: WhatsApp takes no more, also where fewer were counted here, such as beside another
/// service of the business. Returns how many; none if there is no limit.
pub(crate) async fn use_up(pool: &PgPool, limit: PeopleLimit) -> Result<Option<usize>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let left = Some(room(&mut tx, limit).await?).filter(|left| *left < usize::MAX);
    admit(&mut tx, limit, left.unwrap_or_default()).await?;
    tx.commit().await?;
    Ok(left)
}

/// How many people count at the moment. Without a limit nobody is counted.
pub(super) async fn people(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(people), 0) AS "people!" FROM whatsapp_people
           WHERE hour > calendar_now() - interval '25 hours'"#
    )
    .fetch_one(connection)
    .await
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::{whatsapp_sender, world::World};

    /// The room that a claim finds after `people` were admitted.
    async fn room_after(world: &World, people: usize) -> usize {
        let mut tx = world.pool.begin().await.unwrap();
        room(&mut tx, PeopleLimit::OfSender).await.unwrap();
        admit(&mut tx, PeopleLimit::OfSender, people).await.unwrap();
        let left = room(&mut tx, PeopleLimit::OfSender).await.unwrap();
        tx.commit().await.unwrap();
        left
    }

    #[tokio::test]
    async fn a_limit_that_whatsapp_reports_as_reached_counts_as_used_up_until_tomorrow() {
        let world = World::create().await;
        let limit = PeopleLimit::Fixed(100);
        assert_eq!(use_up(&world.pool, PeopleLimit::Unlimited).await.unwrap(), None);
        room_after(&world, 30).await;
        assert_eq!(use_up(&world.pool, limit).await.unwrap(), Some(70));
        assert_eq!(use_up(&world.pool, limit).await.unwrap(), Some(0), "nothing is left");
        let left = async || {
            let mut tx = world.pool.begin().await.unwrap();
            room(&mut tx, limit).await.unwrap()
        };
        assert_eq!(left().await, 0);
        let later = "UPDATE whatsapp_people SET hour = hour - interval '25 hours' WHERE people > 0";
        sqlx::raw_sql(later).execute(&world.pool).await.unwrap();
        assert_eq!(left().await, 100);
        world.end().await;
    }

    #[tokio::test]
    async fn people_count_for_a_day_and_an_hour() {
        let world = World::create().await;
        let counted = async || people(&mut world.pool.acquire().await.unwrap()).await.unwrap();
        assert_eq!(counted().await, 0);
        room_after(&world, 5).await;
        let past = "INSERT INTO whatsapp_people (hour, people)
                    SELECT date_trunc('hour', calendar_now()) - make_interval(hours => ago), 10 ^ ago
                    FROM unnest('{2,9}'::int[]) ago";
        sqlx::raw_sql(past).execute(&world.pool).await.unwrap();
        assert_eq!(counted().await, 1_000_000_105);
        let later = "UPDATE whatsapp_people SET hour = hour - interval '16 hours'";
        sqlx::raw_sql(later).execute(&world.pool).await.unwrap();
        assert_eq!(counted().await, 105);
        world.end().await;
    }

    #[tokio::test]
    async fn all_workers_keep_to_nine_tenths_of_what_the_sender_reports() {
        let world = World::create().await;
        assert_eq!(room_after(&world, 5).await, 220, "nothing is known yet");
        assert!(whatsapp_sender::begin(&world.pool, "MG1", Duration::ZERO).await.unwrap());
        let report = async |limit| whatsapp_sender::found(&world.pool, "MG1", None, limit).await.unwrap();
        report(Some(MessagingLimit::People(1_000))).await;
        assert_eq!(room_after(&world, 5).await, 890);
        whatsapp_sender::failed(&world.pool, "MG1", "HTTP 500").await.unwrap();
        assert_eq!(room_after(&world, 0).await, 890, "a failed read keeps the last known limit");
        report(Some(MessagingLimit::Unlimited)).await;
        assert_eq!(room_after(&world, 300).await, usize::MAX);
        report(Some(MessagingLimit::People(250))).await;
        assert_eq!(room_after(&world, 0).await, 0, "those who were written to without a limit count as well");
        world.end().await;
    }
}
