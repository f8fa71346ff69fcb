//! `SEND_RATE` and `WHATSAPP_RATE` over all workers: leases of the global GCRA schedule, on the database's clock.

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
pub(crate) struct SendRate {
    pub(crate) pool: PgPool,
    pub(crate) line: Line,
}

/// A line of time that all workers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Segments of text messages: `SEND_RATE`.
    Segments,
    /// Messages of WhatsApp: `WHATSAPP_RATE`.
    Whatsapp,
}

/// In microseconds since the epoch.
struct Leased {
    now: i64,
    start: i64,
}

/// The statement of a lease on the line in a table. At a share of the rate, a lease takes up more of the line than it has
/// slots for, and the rest of it stays unused.
macro_rules! lease {
    ($table:literal, $share:literal, $span:expr, $reach:expr) => {
        sqlx::query_as!(
            Leased,
            "WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now, make_interval(secs => $1::float8 / share) AS span,
                                                make_interval(secs => $2::float8 / share) AS reach
                                         FROM (SELECT " + $share + " AS share) s)
             INSERT INTO " + $table + r#" AS line (leased_until)
             SELECT now + span FROM clock
             ON CONFLICT (singleton) DO UPDATE SET leased_until =
                 CASE WHEN line.leased_until > EXCLUDED.leased_until + (SELECT reach FROM clock)
                      THEN EXCLUDED.leased_until
                      ELSE GREATEST(line.leased_until + (SELECT span FROM clock), EXCLUDED.leased_until)
                 END
             RETURNING
                 (extract(epoch FROM (SELECT now FROM clock)) * 1000000)::int8 AS "now!",
                 (extract(epoch FROM leased_until - (SELECT span FROM clock)) * 1000000)::int8 AS "start!""#,
            $span.as_secs_f64(),
            $reach.as_secs_f64(),
        )
    };
}

impl Lessor for SendRate {
    async fn lease(&self, span: Duration, reach: Duration) -> Result<Lease, sqlx::Error> {
        // Waiting for a connection must not count as doubt about the clock.
        let mut connection = self.pool.acquire().await?;
        let sent = Instant::now();
        let leased = match self.line {
            Line::Segments => {
                lease!("send_rate", "1::float8", span, reach).fetch_one(&mut *connection).await?
            }
            Line::Whatsapp => {
                lease!("whatsapp_rate", "whatsapp_share()", span, reach).fetch_one(&mut *connection).await?
            }
        };
        Ok(Lease { sent, received: Instant::now(), now: leased.now, start: leased.start })
    }
}

#[cfg(test)]
mod tests;
