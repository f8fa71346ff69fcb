//! Delays between tries. Only this module uses the `backoff` crate.

use std::time::Duration;

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};
use rand::Rng;

/// Exponential backoff with full jitter: caps double from `base` to `max`, and each delay is uniformly random between
/// zero and its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first cap.
    pub base: Duration,
    /// The largest cap.
    pub max: Duration,
}

impl RetryPolicy {
    /// The cap of the `n`th delay, counted from 0.
    pub fn cap(&self, n: u32) -> Duration {
        // 2^40 seconds exceed every reasonable maximum. The bound keeps the loop short.
        let mut schedule = self.schedule();
        let mut delay = self.base;
        for _ in 0..=n.min(40) {
            delay = schedule.next_backoff().unwrap_or(self.max);
        }
        delay.min(self.max)
    }

    /// The `n`th delay with jitter.
    pub fn delay(&self, n: u32) -> Duration {
        self.cap(n).mul_f64(rand::thread_rng().gen_range(0.0..=1.0))
    }

    fn schedule(&self) -> ExponentialBackoff {
        ExponentialBackoffBuilder::new()
            .with_initial_interval(self.base)
            .with_max_interval(self.max)
            .with_multiplier(2.0)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { base: Duration::from_secs(1), max: Duration::from_secs(3600) };

    #[test]
    fn caps_double_up_to_the_maximum() {
        let caps: Vec<u64> = (0..14).map(|n| POLICY.cap(n).as_secs()).collect();
        assert_eq!(caps, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
        assert_eq!(POLICY.cap(u32::MAX), POLICY.max);
    }

    #[test]
    fn jitter_stays_between_zero_and_the_cap() {
        for n in 0..200 {
            assert!(POLICY.delay(n % 20) <= POLICY.cap(n % 20));
        }
    }
}
