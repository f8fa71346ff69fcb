//! Follows the operators' pauses. While the database is unavailable, the last known pauses apply.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task, within};
use crate::throttle::Throttle;

/// A change is to be obeyed within 2 s.
const INTERVAL: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct FollowPauses {
    pub(crate) pool: PgPool,
    pub(crate) throttle: Arc<Throttle>,
}

impl Task for FollowPauses {
    const NAME: &'static str = "follow_pauses";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        within(TIMEOUT, self.throttle.pauses.look(&self.pool)).await?;
        Ok(Next::AfterInterval)
    }
}
