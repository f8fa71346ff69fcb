//! The highest number of events within any one second.

use std::collections::VecDeque;

const SECOND_US: u64 = 1_000_000;

/// A window that slides with every event: exact, not by calendar seconds.
#[derive(Debug, Default)]
pub(super) struct RateWindow {
    recent: VecDeque<(u64, u16)>,
    segments: u64,
    peak: Peak,
}

/// The highest counts so far; the two need not be of the same second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Peak {
    pub(super) messages: u64,
    pub(super) segments: u64,
}

impl RateWindow {
    /// Records an event at `now_us` microseconds, which must not decrease from call to call.
    /// The window is half open: two events exactly one second apart are not in one second.
    pub(super) fn record(&mut self, now_us: u64, segments: u16) {
        while let Some(&(at, gone)) = self.recent.front()
            && at + SECOND_US <= now_us
        {
            self.segments -= u64::from(gone);
            self.recent.pop_front();
        }
        self.recent.push_back((now_us, segments));
        self.segments += u64::from(segments);
        let messages = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        self.peak.messages = self.peak.messages.max(messages);
        self.peak.segments = self.peak.segments.max(self.segments);
    }

    pub(super) fn peak(&self) -> Peak {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_second_counts_not_only_calendar_seconds() {
        let mut window = RateWindow::default();
        for at in [900_000, 950_000, 1_050_000, 1_899_999] {
            window.record(at, 2);
        }
        assert_eq!(window.peak(), Peak { messages: 4, segments: 8 });
        window.record(1_900_000, 2);
        assert_eq!(window.peak(), Peak { messages: 4, segments: 8 });
    }

    #[test]
    fn one_per_second_is_one() {
        let mut window = RateWindow::default();
        for second in 0..5 {
            window.record(second * SECOND_US, 3);
        }
        assert_eq!(window.peak(), Peak { messages: 1, segments: 3 });
    }
}
