//! `BACKFILL_WINDOW`: nobody's shared phone lights up at night because of an old signup. Live ones never wait.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::{lane::Lane, window::Window};

use super::Consumer;
use crate::health::LaneState;

/// The clock may be put meanwhile, so that no wait is longer.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Whether `lane` may run at that moment.
pub(crate) fn may_run(lane: Lane, window: &Window, now: DateTime<Utc>) -> bool {
    lane == Lane::Live || window.contains(now)
}

impl Consumer {
    /// Waits until this lane may run.
    pub(super) async fn opening(&self) {
        while !self.may_run() {
            self.health.lane(self.lane, self.outside_hours());
            wait_until(self.window().next_opening(Utc::now())).await;
        }
    }

    /// Waits until this lane may no longer run.
    pub(super) async fn closing(&self) {
        while self.may_run() {
            match self.window().next_closing(Utc::now()) {
                Some(closing) if self.lane == Lane::Backfill => wait_until(closing).await,
                _ => std::future::pending().await,
            }
        }
    }

    pub(super) fn outside_hours(&self) -> LaneState {
        LaneState::OutsideHours { window: *self.window(), until: self.window().next_opening(Utc::now()) }
    }

    fn may_run(&self) -> bool {
        may_run(self.lane, self.window(), Utc::now())
    }

    fn window(&self) -> &Window {
        &self.worker.config.backfill_window
    }
}

async fn wait_until(moment: DateTime<Utc>) {
    let wait = (moment - Utc::now()).to_std().unwrap_or_default();
    // Never zero: the clock may still show the moment before.
    tokio::time::sleep(wait.clamp(Duration::from_millis(1), LOOK_EVERY)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_never_waits() {
        let window: Window = "08:00-20:00 Asia/Kathmandu".parse().unwrap();
        let night: DateTime<Utc> = "2026-11-25T20:00:00Z".parse().unwrap();
        assert!(may_run(Lane::Live, &window, night) && !may_run(Lane::Backfill, &window, night));
        assert!(may_run(Lane::Backfill, &Window::Always, night));
    }
}
