//! When create calls arrived.

use std::collections::VecDeque;

use serde::Serialize;

/// Arrivals of create calls, refused ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Milliseconds since the Unix epoch, and segments of the body; in order of arrival.
    pub arrivals: Vec<(i64, u16)>,
    /// Older arrivals that are no longer kept.
    pub dropped: u64,
}

/// The newest arrivals, up to a limit.
#[derive(Debug)]
pub(super) struct Arrivals {
    limit: usize,
    kept: VecDeque<(i64, u16)>,
    dropped: u64,
}

impl Arrivals {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kept: VecDeque::new(), dropped: 0 }
    }

    pub(super) fn record(&mut self, at_ms: i64, segments: u16) {
        if self.kept.len() == self.limit {
            self.kept.pop_front();
            self.dropped += 1;
        }
        self.kept.push_back((at_ms, segments));
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.dropped = 0;
    }

    pub(super) fn snapshot(&self) -> Timeline {
        Timeline { arrivals: self.kept.iter().copied().collect(), dropped: self.dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let mut arrivals = Arrivals::new(2);
        for at in 1..=3 {
            arrivals.record(at, 1);
        }
        assert_eq!(arrivals.snapshot(), Timeline { arrivals: vec![(2, 1), (3, 1)], dropped: 1 });
    }
}
