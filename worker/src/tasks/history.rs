//! Keeps the figures that the dashboard draws. Among the workers that have one, one at a time writes.

use std::{sync::Arc, time::Duration};

use shared::lane::QueueLane;
use sqlx::PgPool;
use tokio::time::Instant;

use super::driver::{Failed, Next, Task};
use crate::{health::Health, store::history};

const INTERVAL: Duration = Duration::from_secs(10);
/// What one step may spend on hours; the rest waits for the next step.
const BUDGET: Duration = Duration::from_secs(2);

pub(crate) struct History {
    pub(crate) pool: PgPool,
    pub(crate) health: Arc<Health>,
}

impl Task for History {
    const NAME: &'static str = "history";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let mut tx = self.pool.begin().await?;
        if !history::lead(&mut tx).await? {
            return Ok(Next::AfterInterval);
        }
        let depth = |lane| self.health.known_depth(lane);
        history::write_minutes(&mut tx, depth(QueueLane::Live), depth(QueueLane::Backfill)).await?;
        let started = Instant::now();
        for hour in history::due_hours(&mut tx).await? {
            history::write_hour(&mut tx, hour).await?;
            if started.elapsed() > BUDGET {
                break;
            }
        }
        history::prune(&mut tx).await?;
        tx.commit().await?;
        Ok(Next::AfterInterval)
    }
}
