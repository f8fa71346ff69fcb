//! Load detection: whether rows arrive fast enough that waiting for more of them pays.

use std::time::Duration;

use tokio::time::Instant;

/// Rows that follow each other this closely are a crowd: eight come while the first one waits.
const CLOSE: Duration = Duration::from_micros(625);
/// A longer silence counts as this, so that a crowd is soon seen after it.
const SILENCE: Duration = Duration::from_millis(50);

/// The time between rows, averaged over the last batches.
pub(super) struct Crowd {
    gap: Duration,
    since: Instant,
}

impl Crowd {
    /// No rows yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { gap: SILENCE, since: now }
    }

    pub(super) fn is_there(&self) -> bool {
        self.gap <= CLOSE
    }

    /// Notes the rows that arrived since the last call.
    pub(super) fn came(&mut self, rows: usize, now: Instant) {
        let passed = now.duration_since(std::mem::replace(&mut self.since, now));
        let gap = passed / u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        self.gap = (self.gap * 3 + gap.min(SILENCE)) / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(crowd: &mut Crowd, count: usize, rows: usize, every: Duration) {
        for _ in 0..count {
            let now = crowd.since + every;
            crowd.came(rows, now);
        }
    }

    #[test]
    fn a_crowd_is_seen_within_some_batches_and_ends_with_a_silence() {
        let mut crowd = Crowd::new(Instant::now());
        assert!(!crowd.is_there());
        batches(&mut crowd, 20, 4, Duration::from_millis(1));
        assert!(crowd.is_there());
        batches(&mut crowd, 20, 75, super::super::GATHER);
        assert!(crowd.is_there(), "waiting does not end it");
        batches(&mut crowd, 1, 1, Duration::from_secs(1));
        assert!(!crowd.is_there());
    }

    #[test]
    fn few_are_no_crowd_though_two_come_at_once() {
        let mut crowd = Crowd::new(Instant::now());
        for _ in 0..100 {
            batches(&mut crowd, 1, 1, Duration::from_millis(40));
            batches(&mut crowd, 1, 1, Duration::from_micros(300));
            assert!(!crowd.is_there());
        }
    }
}
