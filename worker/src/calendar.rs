//! The calendar of a worker: the real clock, and how far tests have moved it ahead. Windows follow it; leases, the rate and
//! the breaker follow the real clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

/// What one worker knows of the calendar.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendar {
    ahead_ms: Arc<AtomicI64>,
}

impl Calendar {
    /// The time of the calendar.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Tests have moved the calendar so far ahead. True: it was not so before.
    pub(crate) fn set_ahead(&self, ahead: Duration) -> bool {
        let ahead = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.swap(ahead, Ordering::Relaxed) != ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_that_is_ahead_adds_to_the_real_clock() {
        let calendar = Calendar::default();
        let copy = calendar.clone();
        assert!(copy.set_ahead(Duration::from_secs(25 * 3600)));
        assert!(!copy.set_ahead(Duration::from_secs(25 * 3600)));
        let ahead = calendar.now() - Utc::now();
        assert!((TimeDelta::hours(24)..=TimeDelta::hours(25)).contains(&ahead), "{ahead}");
    }
}
