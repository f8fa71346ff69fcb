//! `SEND_RATE` over all workers: leases of the global GCRA schedule, on the database's clock.

use std::{future::Future, time::Duration};

use sqlx::PgPool;
use tokio::time::Instant;

/// A stretch of the schedule, as the database gave it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) sent: Instant,
    pub(crate) received: Instant,
    /// The database's clock between the two, in microseconds since the epoch.
    pub(crate) now: i64,
    /// Where the stretch begins, in microseconds since the epoch.
    pub(crate) start: i64,
}

/// Gives leases.
pub(crate) trait Lessor: Send + Sync + 'static {
    /// Leases the next `span` of the schedule. A clock that was set back since may have left the schedule further ahead
    /// than `reach`. Then it starts again from now.
    fn lease(
        &self,
        span: Duration,
        reach: Duration,
    ) -> impl Future<Output = Result<Lease, sqlx::Error>> + Send;
}

/// Leases from Postgres.
pub(crate) struct SendRate(pub(crate) PgPool);

impl Lessor for SendRate {
    async fn lease(&self, span: Duration, reach: Duration) -> Result<Lease, sqlx::Error> {
        // Waiting for a connection must not count as doubt about the clock.
        let mut connection = self.0.acquire().await?;
        let sent = Instant::now();
        let row = sqlx::query!(
            r#"WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
               INSERT INTO send_rate AS line (leased_until)
               SELECT now + make_interval(secs => $1::float8) FROM clock
               ON CONFLICT (singleton) DO UPDATE SET leased_until =
                   CASE WHEN line.leased_until > EXCLUDED.leased_until + make_interval(secs => $2::float8)
                        THEN EXCLUDED.leased_until
                        ELSE GREATEST(line.leased_until + make_interval(secs => $1::float8), EXCLUDED.leased_until)
                   END
               RETURNING
                   (extract(epoch FROM (SELECT now FROM clock)) * 1000000)::int8 AS "now!",
                   (extract(epoch FROM leased_until - make_interval(secs => $1::float8)) * 1000000)::int8 AS "start!""#,
            span.as_secs_f64(),
            reach.as_secs_f64(),
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(Lease { sent, received: Instant::now(), now: row.now, start: row.start })
    }
}

#[cfg(test)]
mod tests;
