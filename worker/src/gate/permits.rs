//! Twilio calls in flight. A backfill never takes the last permits, so a live signup finds one.

use std::sync::Arc;

use shared::lane::Lane;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of one worker.
pub(crate) struct Permits {
    all: Arc<Semaphore>,
    backfill: Arc<Semaphore>,
}

impl Permits {
    /// `total` calls in flight, of which backfill may hold seven tenths.
    pub(crate) fn new(total: usize) -> Self {
        let backfill = (total * 7 / 10).max(1);
        Self { all: Arc::new(Semaphore::new(total)), backfill: Arc::new(Semaphore::new(backfill)) }
    }

    /// Waits for a permit; dropping what is returned gives it back.
    pub(crate) async fn take(&self, lane: Lane) -> Vec<OwnedSemaphorePermit> {
        let mut permits = Vec::with_capacity(2);
        if lane == Lane::Backfill {
            permits.extend(self.backfill.clone().acquire_owned().await);
        }
        // Neither semaphore is ever closed, so acquiring does not fail.
        permits.extend(self.all.clone().acquire_owned().await);
        permits
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_live_call_finds_a_permit_beside_a_full_backfill() {
        let permits = Permits::new(10);
        let mut held = Vec::new();
        while let Some(permit) = permits.take(Lane::Backfill).now_or_never() {
            held.push(permit);
        }
        assert_eq!(held.len(), 7);
        assert!(permits.take(Lane::Live).now_or_never().is_some());
    }

    #[tokio::test]
    async fn no_more_calls_than_permits() {
        let permits = Permits::new(2);
        let held: Vec<_> = (0..2).filter_map(|_| permits.take(Lane::Live).now_or_never()).collect();
        assert_eq!(held.len(), 2);
        assert!(permits.take(Lane::Live).now_or_never().is_none());
        drop(held);
        assert!(permits.take(Lane::Backfill).now_or_never().is_some());
    }
}
