//! How far `WHATSAPP_RATE` is lowered, for all workers: multiplicative decrease, additive increase. The lease of the rate
//! reads it (`whatsapp_share()` in Postgres), so a change holds for the next lease of every worker.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};

/// The share is never lower, however often WhatsApp refuses.
const FLOOR: f64 = 1.0 / 16.0;

/// Halves the share, unless the message was claimed before it was last lowered: it does not show the effect yet. Returns the
/// new share, or none if nothing changed. `age`: how long ago the message was claimed.
pub(crate) async fn halve(pool: &PgPool, age: Duration) -> Result<Option<f64>, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO whatsapp_pace AS p (share, lowered_at) VALUES (0.5, now())
         ON CONFLICT (singleton) DO UPDATE SET share = GREATEST(whatsapp_share() / 2, $2), lowered_at = now()
         WHERE p.lowered_at < now() - make_interval(secs => $1)
         RETURNING share",
        age.as_secs_f64(),
        FLOOR,
    )
    .fetch_optional(pool)
    .await
}

/// The share at which workers may send now, at most 1.
pub(crate) async fn share(database: impl PgExecutor<'_>) -> Result<f64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT whatsapp_share() AS "share!""#).fetch_one(database).await
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::store::{
        send_rate::{Lessor as _, Line, SendRate},
        world::World,
    };

    const SPAN: Duration = Duration::from_millis(100);
    const REACH: Duration = Duration::from_secs(20);
    const NOW: Duration = Duration::ZERO;

    async fn lowered_ago(world: &World, minutes: i32) {
        let sql = format!("UPDATE whatsapp_pace SET lowered_at = now() - interval '{minutes} minutes'");
        sqlx::raw_sql(&sql).execute(&world.pool).await.unwrap();
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.02, "{found} is not {expected}");
    }

    #[tokio::test]
    async fn a_burst_of_refusals_halves_it_once_and_it_recovers_slowly() {
        let world = World::create().await;
        let pool = &world.pool;
        near(share(pool).await.unwrap(), 1.0);
        assert_eq!(halve(pool, Duration::from_secs(9)).await.unwrap(), Some(0.5));
        assert_eq!(
            halve(pool, Duration::from_secs(9)).await.unwrap(),
            None,
            "claimed before the rate was lowered"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
        near(halve(pool, NOW).await.unwrap().unwrap(), 0.25);
        lowered_ago(&world, 5).await;
        near(share(pool).await.unwrap(), 0.5);
        lowered_ago(&world, 30).await;
        near(share(pool).await.unwrap(), 1.0);
        for _ in 0..8 {
            halve(pool, NOW).await.unwrap();
        }
        assert!(share(pool).await.unwrap() >= FLOOR);
        world.end().await;
    }

    #[tokio::test]
    async fn workers_lease_less_of_a_lowered_rate_and_text_messages_go_on() {
        let world = World::create().await;
        let lessor = |line| SendRate { pool: world.pool.clone(), line };
        halve(&world.pool, NOW).await.unwrap();
        for (line, spacing) in [(Line::Whatsapp, 2 * SPAN), (Line::Segments, SPAN)] {
            let begun = Instant::now();
            let mut last = lessor(line).lease(SPAN, REACH).await.unwrap().start;
            for _ in 0..4 {
                let next = lessor(line).lease(SPAN, REACH).await.unwrap().start;
                let apart = Duration::from_micros(u64::try_from(next - last).unwrap());
                assert!(
                    apart >= spacing.mul_f64(0.99) && apart <= spacing + begun.elapsed(),
                    "{line:?}: {apart:?}"
                );
                last = next;
            }
        }
        world.end().await;
    }
}
