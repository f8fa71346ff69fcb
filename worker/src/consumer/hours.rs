//! How a lane waits for its hours to begin and to end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;

use super::Consumer;
use crate::{health::LaneState, hours::may_run};

/// The clock may be put meanwhile, so that no wait is longer.
const LOOK_EVERY: Duration = Duration::from_secs(30);

impl Consumer {
    /// Waits until this lane may run.
    pub(super) async fn opening(&self) {
        while !self.may_run() {
            self.health.lane(self.lane, self.outside_hours());
            wait_until(self.window.next_opening(Utc::now())).await;
        }
    }

    /// Waits until this lane may no longer run.
    pub(super) async fn closing(&self) {
        while self.may_run() {
            match self.window.next_closing(Utc::now()) {
                Some(closing) if self.lane == QueueLane::Backfill => wait_until(closing).await,
                _ => std::future::pending().await,
            }
        }
    }

    pub(super) fn outside_hours(&self) -> LaneState {
        LaneState::OutsideHours { window: self.window, until: self.window.next_opening(Utc::now()) }
    }

    fn may_run(&self) -> bool {
        may_run(self.lane, &self.window, Utc::now())
    }
}

async fn wait_until(moment: DateTime<Utc>) {
    let wait = (moment - Utc::now()).to_std().unwrap_or_default();
    // Never zero: the clock may still show the moment before.
    tokio::time::sleep(wait.clamp(Duration::from_millis(1), LOOK_EVERY)).await;
}
