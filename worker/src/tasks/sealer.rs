//! Seals the ledger of consents, minute by minute. Every worker tries, and one at a time writes.

use std::time::Duration;

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::store::seals::{self, Mark};

const INTERVAL: Duration = Duration::from_secs(20);

/// Seals the minutes that are complete.
pub(crate) struct Sealer {
    pool: PgPool,
    /// Up to here minutes are sealed once the transactions of that moment have ended.
    mark: Option<Mark>,
}

impl Sealer {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, mark: None }
    }
}

impl Task for Sealer {
    const NAME: &'static str = "sealer";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let Some(mark) = self.mark else {
            self.mark = Some(seals::mark(&self.pool).await?);
            return Ok(Next::AfterInterval);
        };
        // While a transaction stays open the mark stays as well: with a newer one it would be waited for again and again.
        if !seals::is_settled(&self.pool, mark).await? {
            return Ok(Next::AfterInterval);
        }
        if let Some(seal) = seals::seal_next(&self.pool, mark).await? {
            // A log that is kept elsewhere proves the newest seals, which no later one confirms.
            tracing::info!(minute = %seal.minute, rows = seal.rows, digest = seal.digest, "ledger sealed");
            return Ok(Next::AtOnce);
        }
        self.mark = Some(seals::mark(&self.pool).await?);
        Ok(Next::AfterInterval)
    }
}
