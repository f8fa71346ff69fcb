//! Keeps months of messages ahead of time, so that no message is without its partition.

use std::time::Duration;

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::store::messages;

/// Every worker looks; where all months exist, a look costs next to nothing.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Adds the months that are missing.
pub(crate) struct Partitions(pub(crate) PgPool);

impl Task for Partitions {
    const NAME: &'static str = "partitions";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        messages::add_partitions(&self.0).await?;
        Ok(Next::AfterInterval)
    }
}
