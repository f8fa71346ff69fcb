//! `SEND_RATE`: message segments per second.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

/// Spreads segments evenly, with a burst of at most a tenth of a second.
pub(crate) struct Limiter {
    /// None: unlimited.
    per_segment: Option<Duration>,
    /// When the next segment may go.
    next: Mutex<Instant>,
}

/// What an idle moment saves up.
const BURST: Duration = Duration::from_millis(100);

impl Limiter {
    /// `rate` segments per second; 0: unlimited.
    pub(crate) fn new(rate: u32) -> Self {
        let per_segment = (rate > 0).then(|| Duration::from_secs(1) / rate);
        Self { per_segment, next: Mutex::new(Instant::now()) }
    }

    /// Waits until `segments` may go.
    pub(crate) async fn take(&self, segments: u32) {
        if let Some(at) = self.reserve(segments) {
            tokio::time::sleep_until(at).await;
        }
    }

    fn reserve(&self, segments: u32) -> Option<Instant> {
        let per_segment = self.per_segment?;
        // A panic while holding it leaves a plain time behind, which is still good.
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let earliest = Instant::now().checked_sub(BURST.min(per_segment * 8)).unwrap_or_else(Instant::now);
        let at = (*next).max(earliest);
        *next = at + per_segment * segments;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_than_the_rate_and_its_burst() {
        let limiter = Limiter::new(50);
        let mut sent = Vec::new();
        for _ in 0..200 {
            limiter.take(1).await;
            sent.push(Instant::now());
        }
        for (i, start) in sent.iter().enumerate() {
            let within = sent[i..].iter().take_while(|t| **t - *start < Duration::from_secs(1)).count();
            assert!(within <= 57, "{within} in one second");
        }
        assert!(sent[199] - sent[0] >= Duration::from_millis(3_700));
    }

    #[tokio::test(start_paused = true)]
    async fn segments_are_counted_not_messages() {
        let limiter = Limiter::new(10);
        let start = Instant::now();
        for _ in 0..11 {
            limiter.take(2).await;
        }
        assert!(start.elapsed() >= Duration::from_millis(1_800));
    }

    #[tokio::test(start_paused = true)]
    async fn zero_is_unlimited() {
        let start = Instant::now();
        let limiter = Limiter::new(0);
        for _ in 0..10_000 {
            limiter.take(1).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
