//! `BACKFILL_WINDOW`: no phone lights up at night because of an old signup. Live signups never wait.

use chrono::{DateTime, Utc};
use shared::{lane::QueueLane, window::Window};

/// Whether `lane` may run at that moment.
pub(crate) fn may_run(lane: QueueLane, window: &Window, now: DateTime<Utc>) -> bool {
    lane == QueueLane::Live || window.contains(now)
}

/// The lanes that may run now, the more urgent first.
pub(crate) fn running_lanes(window: Window) -> impl Iterator<Item = QueueLane> {
    let now = Utc::now();
    QueueLane::ALL.into_iter().filter(move |lane| may_run(*lane, &window, now))
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
