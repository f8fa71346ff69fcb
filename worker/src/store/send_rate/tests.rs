use std::str::FromStr;

use anyhow::Result;
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use super::*;

const REACH: Duration = Duration::from_secs(20);
const MIGRATION: &str = include_str!("../../../../migrations/20261125005000_send_rate.sql");

/// The table in a schema of its own, on the Postgres that the tests use.
struct Place {
    pool: PgPool,
    schema: String,
}

impl Place {
    async fn new() -> Result<Self> {
        let url = std::env::var("TEST_DATABASE_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let schema = format!("rate_{}", Uuid::now_v7().simple());
        let options = PgConnectOptions::from_str(&url)?.options([("search_path", schema.as_str())]);
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options).await?;
        pool.execute(format!("CREATE SCHEMA {schema}").as_str()).await?;
        pool.execute(MIGRATION).await?;
        Ok(Self { pool, schema })
    }

    fn line(&self) -> SendRate {
        SendRate { pool: self.pool.clone(), line: Line::Segments }
    }

    async fn drop(self) -> Result<()> {
        self.pool.execute(format!("DROP SCHEMA {} CASCADE", self.schema).as_str()).await?;
        self.pool.close().await;
        Ok(())
    }
}

#[tokio::test]
async fn leases_follow_each_other_and_never_overlap() -> Result<()> {
    let place = Place::new().await?;
    let line = place.line();
    let span = Duration::from_millis(50);
    let asks = (0..40).map(|_| line.lease(span, REACH));
    let mut leases = futures::future::try_join_all(asks).await?;
    leases.sort_by_key(|lease| lease.start);
    for pair in leases.windows(2) {
        assert!(pair[1].start >= pair[0].start + 50_000, "{} then {}", pair[0].start, pair[1].start);
    }
    // Forty of them are two seconds of the line, which is asked for all at once.
    assert!(leases[39].start >= leases[0].start + 39 * 50_000);
    for lease in &leases {
        assert!(lease.sent <= lease.received && lease.start >= lease.now - 1);
    }
    place.drop().await
}

#[tokio::test]
async fn an_unleased_slot_is_lost() -> Result<()> {
    let place = Place::new().await?;
    let first = place.line().lease(Duration::from_millis(1), REACH).await?;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let second = place.line().lease(Duration::from_millis(1), REACH).await?;
    assert!(second.start >= first.start + 30_000 && second.start == second.now);
    place.drop().await
}

#[tokio::test]
async fn a_schedule_that_a_wrong_clock_left_far_ahead_starts_again() -> Result<()> {
    let place = Place::new().await?;
    place.pool.execute("INSERT INTO send_rate (leased_until) VALUES (now() + interval '1 hour')").await?;
    let lease = place.line().lease(Duration::from_millis(50), REACH).await?;
    assert_eq!(lease.start, lease.now);
    place.pool.execute("UPDATE send_rate SET leased_until = now() + interval '10 s'").await?;
    let lease = place.line().lease(Duration::from_millis(50), REACH).await?;
    assert!(lease.start > lease.now + 9_000_000, "what others may hold is left to them");
    place.drop().await
}
