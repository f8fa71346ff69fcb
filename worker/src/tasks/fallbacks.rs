//! Sends by SMS what did not arrive by WhatsApp, where the code of the failure allows it.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    pipeline::{self, Pipeline},
    store::fallbacks::{self, Due},
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Taken in one step.
const BATCH: i64 = 64;
/// Sent at once.
const AT_ONCE: usize = 16;

/// Sends the fallbacks of one worker; any number may run.
pub(crate) struct Fallbacks {
    pub(crate) pool: PgPool,
    pub(crate) pipeline: Arc<Pipeline>,
    /// For so long a fallback that was taken is out of reach of other workers.
    pub(crate) hold: Duration,
}

impl Fallbacks {
    async fn send(&self, due: &Due) {
        if let Err(error) = pipeline::fall_back(&self.pipeline, due).await {
            let again_in = if error.is_stopping() { Duration::ZERO } else { self.hold };
            // Err: it is due again after `hold` at the latest.
            let _ = fallbacks::postpone(&self.pool, due.first, again_in).await;
            tracing::warn!(fallback_of = %due.first, %error, "fallback not handled, it is due again later");
        }
    }
}

impl Task for Fallbacks {
    const NAME: &'static str = "fallbacks";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let due = fallbacks::take(&self.pool, BATCH, self.hold).await?;
        let all = due.len() == usize::try_from(BATCH).unwrap_or(usize::MAX);
        stream::iter(&due).for_each_concurrent(AT_ONCE, |due| self.send(due)).await;
        Ok(if all { Next::AtOnce } else { Next::AfterInterval })
    }
}
