//! How a lane waits for its hours to begin and to end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;

use super::Consumer;
use crate::health::LaneState;

/// The clock may be put meanwhile, so that no wait is longer.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Consumer {
    /// Waits until this lane may run.
    pub(super) async fn opening(&self) {
        while !self.hours.may_run(self.lane) {
            self.health.lane(self.lane, self.outside_hours());
            self.wait_until(self.hours.next_opening()).await;
        }
    }

    /// Waits until this lane may no longer run.
    pub(super) async fn closing(&self) {
        while self.hours.may_run(self.lane) {
            match self.hours.window.next_closing(self.hours.calendar.now()) {
                Some(closing) if self.lane == QueueLane::Backfill => self.wait_until(closing).await,
                _ => std::future::pending().await,
            }
        }
    }

    pub(super) fn outside_hours(&self) -> LaneState {
        LaneState::OutsideHours { window: self.hours.window, until: self.hours.next_opening() }
    }

    async fn wait_until(&self, moment: DateTime<Utc>) {
        let wait = (moment - self.hours.calendar.now()).to_std().unwrap_or_default();
        // Never zero: the clock may still show the moment before.
        tokio::time::sleep(wait.clamp(Duration::from_millis(1), LOOK_EVERY)).await;
    }
}
