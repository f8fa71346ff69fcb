//! `BACKFILL_WINDOW`: no phone lights up at night because of an old signup. Live signups never wait.

use chrono::{DateTime, Utc};
use shared::{lane::Lane, window::Window};

/// Whether `lane` may run at that moment.
pub(crate) fn may_run(lane: Lane, window: &Window, now: DateTime<Utc>) -> bool {
    lane == Lane::Live || window.contains(now)
}

/// The lanes that may run now, the more urgent first.
pub(crate) fn running_lanes(window: Window) -> impl Iterator<Item = Lane> {
    let now = Utc::now();
    Lane::ALL.into_iter().filter(move |lane| may_run(*lane, &window, now))
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
