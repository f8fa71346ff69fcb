//! Faults of one destination country, such as a missing geo permission.

use std::{collections::HashMap, time::Duration};

use shared::retry::RetryPolicy;
use tokio::time::Instant;

/// The countries that calls are held back from.
pub(super) struct Countries {
    held: HashMap<String, Hold>,
    gaps: RetryPolicy,
}

struct Hold {
    times: u32,
    until: Instant,
}

impl Countries {
    pub(super) fn new(gaps: RetryPolicy) -> Self {
        Self { held: HashMap::new(), gaps }
    }

    /// How long calls to `country` are still held back. Once the time is over, one call goes as a probe
    /// and the next ones wait for another gap.
    pub(super) fn held(&mut self, country: &str) -> Option<Duration> {
        let hold = self.held.get_mut(country)?;
        let now = Instant::now();
        if now >= hold.until {
            hold.until = now + self.gaps.cap(hold.times);
            return None;
        }
        Some(hold.until - now)
    }

    pub(super) fn hold(&mut self, country: &str) {
        let hold = self.held.entry(country.to_owned()).or_insert(Hold { times: 0, until: Instant::now() });
        hold.until = Instant::now() + self.gaps.cap(hold.times);
        hold.times = hold.times.saturating_add(1);
    }

    pub(super) fn clear(&mut self, country: &str) {
        self.held.remove(country);
    }
}
