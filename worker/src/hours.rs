//! `BACKFILL_WINDOW`: no phone lights up at night because of an old signup. Live signups never wait.

use chrono::{DateTime, Utc};
use shared::{lane::QueueLane, window::Window};

use crate::calendar::Calendar;

/// The hours of the lanes with a queue.
#[derive(Debug, Clone)]
pub(crate) struct Hours {
    pub(crate) window: Window,
    pub(crate) calendar: Calendar,
}

impl Hours {
    /// Whether `lane` may run now.
    pub(crate) fn may_run(&self, lane: QueueLane) -> bool {
        may_run(lane, &self.window, self.calendar.now())
    }

    /// The lanes that may run now, the more urgent first.
    pub(crate) fn running_lanes(&self) -> impl Iterator<Item = QueueLane> {
        let (window, now) = (self.window, self.calendar.now());
        QueueLane::ALL.into_iter().filter(move |lane| may_run(*lane, &window, now))
    }

    /// When the hours of a lane that has them begin.
    pub(crate) fn next_opening(&self) -> DateTime<Utc> {
        self.window.next_opening(self.calendar.now())
    }
}

fn may_run(lane: QueueLane, window: &Window, now: DateTime<Utc>) -> bool {
    lane == QueueLane::Live || window.contains(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_never_waits() {
        let window: Window = "08:00-20:00 Asia/Kathmandu".parse().unwrap();
        let night: DateTime<Utc> = "2026-11-25T20:00:00Z".parse().unwrap();
        assert!(may_run(QueueLane::Live, &window, night) && !may_run(QueueLane::Backfill, &window, night));
        assert!(may_run(QueueLane::Backfill, &Window::Always, night));
    }
}
