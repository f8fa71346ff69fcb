//! Rows that failed, and when each is tried again. Kept in memory: a restart tries them at once.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use shared::domain::RetryPolicy;
use uuid::Uuid;

const PAUSE: RetryPolicy = RetryPolicy { base: Duration::from_secs(5), max: Duration::from_secs(300) };

#[derive(Default)]
pub(super) struct Pauses(HashMap<Uuid, Instant>);

impl Pauses {
    /// Leaves the row alone for a while that grows with its failures.
    pub(super) fn pause(&mut self, row: Uuid, attempts: i32, now: Instant) {
        self.0.insert(row, now + PAUSE.cap(u32::try_from(attempts).unwrap_or(0)));
    }

    /// The rows to leave alone now.
    pub(super) fn paused(&mut self, now: Instant) -> Vec<Uuid> {
        self.0.retain(|_, due| *due > now);
        self.0.keys().copied().collect()
    }

    /// How long until the first of them is due.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.values().min().map(|due| due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let (mut pauses, start) = (Pauses::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let [one, other] = [1, 2].map(Uuid::from_u128);
        pauses.pause(one, 0, start);
        pauses.pause(other, 99, start);
        assert_eq!(pauses.next(start), Some(Duration::from_secs(5)));
        assert_eq!(pauses.paused(after(4)).len(), 2);
        assert_eq!(pauses.paused(after(5)), [other]);
        pauses.pause(one, 1, after(5));
        assert_eq!(pauses.next(after(6)), Some(Duration::from_secs(9)));
        assert!(pauses.paused(after(300)).is_empty() && pauses.next(after(300)).is_none());
    }
}
