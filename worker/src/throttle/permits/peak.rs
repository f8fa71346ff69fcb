//! What a lane lately held at most.

use std::time::Duration;

use tokio::time::Instant;

/// How long it is remembered, at least; twice as long at most.
const MEMORY: Duration = Duration::from_secs(5);

/// The most that were held at once in this span of time and the one before.
#[derive(Debug, Default)]
pub(super) struct Peak {
    since: Option<Instant>,
    now: usize,
    before: usize,
}

impl Peak {
    pub(super) fn note(&mut self, held: usize, at: Instant) {
        self.age(at);
        self.since.get_or_insert(at);
        self.now = self.now.max(held);
    }

    /// Forgets what is long past.
    pub(super) fn age(&mut self, at: Instant) {
        if let Some(since) = self.since
            && at.saturating_duration_since(since) >= MEMORY
        {
            let long_ago = at.saturating_duration_since(since) >= MEMORY * 2;
            self.before = if long_ago { 0 } else { self.now };
            self.since = (self.before > 0).then_some(at);
            self.now = 0;
        }
    }

    pub(super) fn highest(&self) -> usize {
        self.now.max(self.before)
    }
}
