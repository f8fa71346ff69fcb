//! Keeps this worker's breaker and the fleet's the same.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task, within};
use crate::throttle::Throttle;

/// A change is to be known to all within a second.
const INTERVAL: Duration = Duration::from_millis(500);
/// However many ask, the database is read no more often.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct FollowBreaker {
    pub(crate) pool: PgPool,
    pub(crate) throttle: Arc<Throttle>,
}

impl Task for FollowBreaker {
    const NAME: &'static str = "follow_breaker";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        within(TIMEOUT, self.throttle.breaker.exchange(&self.pool)).await?;
        Ok(Next::NotBefore(LEAST_INTERVAL))
    }

    async fn woken(&mut self) {
        self.throttle.breaker.has_news().await;
    }
}
