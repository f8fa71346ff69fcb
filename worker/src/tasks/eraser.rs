//! Erases the users who wait for it.

use std::{sync::Arc, time::Duration};

use shared::erasure::{self, ErasureKey, WrongKey};
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    health::Health,
    store::{
        erasures,
        person_data::{self, Erased},
    },
};

/// An erasure may wait for calls, and is not urgent: messages are stopped already.
const INTERVAL: Duration = Duration::from_secs(10);
/// Tries to erase in one step. Each holds up claims for some milliseconds.
const BATCH: usize = 20;
/// Users that one step looks at: some may have to wait, and others must not wait for them.
const LOOK: i64 = 1_000;

/// Any number of workers may run it: the second one finds nothing left.
pub(crate) struct Eraser {
    pub(crate) pool: PgPool,
    /// None: requests wait.
    pub(crate) key: Option<ErasureKey>,
    pub(crate) health: Arc<Health>,
}

impl Task for Eraser {
    const NAME: &'static str = "eraser";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        // Another worker, or a command, may have entered a key since this one started.
        match erasure::check_key(&self.pool, self.key.as_ref()).await {
            Ok(()) => {}
            Err(WrongKey::Database(error)) => return Err(error.into()),
            Err(wrong) => {
                self.health.fatal(wrong.to_string());
                return Ok(Next::AfterInterval);
            }
        }
        let erased = match &self.key {
            Some(key) => self.erase(key).await,
            None => Ok(()),
        };
        let waiting = erasures::waiting(&self.pool).await?;
        metrics::gauge!("onboarding_erasures_waiting").set(whole(waiting.users));
        metrics::gauge!("onboarding_erasures_oldest_seconds").set(waiting.oldest);
        erased.map(|()| Next::AfterInterval)
    }
}

impl Eraser {
    async fn erase(&self, key: &ErasureKey) -> Result<(), Failed> {
        let (mut held_up, mut failed) = (0, None);
        for request in erasures::pending(&self.pool, LOOK).await? {
            match erasure::adopt_key(&self.pool, key).await {
                Ok(()) => {}
                Err(WrongKey::Database(error)) => return Err(error.into()),
                Err(_) => return Ok(()),
            }
            match person_data::erase(&self.pool, key, &request).await {
                Ok(Erased::Yes) => {
                    metrics::counter!("onboarding_erasures_total").increment(1);
                    tracing::info!("a person was erased");
                    held_up += 1;
                }
                Ok(Erased::Overtaken) => {}
                Ok(Erased::Waits(calls)) => tracing::info!(calls, "an erasure waits for calls to end"),
                Ok(Erased::Busy) => {
                    tracing::info!("an erasure waits: the tables are in use");
                    held_up += 1;
                }
                // The next one may succeed, if there is a database at all.
                Err(error @ sqlx::Error::Database(_)) => failed = Some(error),
                Err(error) => return Err(error.into()),
            }
            if held_up == BATCH {
                break;
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Counts of this size are exact.
#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 requests")]
fn whole(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
