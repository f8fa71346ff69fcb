//! How often Twilio is asked.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

/// Spaces requests of one task evenly.
pub(crate) struct Pace(Option<Mutex<Interval>>);

impl Pace {
    /// Requests may follow each other at once.
    pub(crate) fn unlimited() -> Self {
        Self(None)
    }

    /// At most `n` requests in any second.
    pub(crate) fn per_second(n: u32) -> Self {
        let mut ticks = interval(Duration::from_secs(1) / n.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Some(Mutex::new(ticks)))
    }

    /// Waits until the next request may be made.
    pub(super) async fn turn(&self) {
        if let Some(ticks) = &self.0 {
            ticks.lock().await.tick().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_requests_than_allowed() {
        let pace = Pace::per_second(5);
        let mut at = Vec::new();
        for n in 0..23 {
            if n == 9 {
                tokio::time::advance(Duration::from_secs(3)).await;
            }
            pace.turn().await;
            at.push(Instant::now());
        }
        assert!(at.windows(6).all(|w| w[5] - w[0] >= Duration::from_secs(1)), "{at:?}");
    }
}
