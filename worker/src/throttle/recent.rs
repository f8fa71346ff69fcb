use std::time::Duration;

use tokio::time::Instant;

/// A figure for the current span of time and one for the span before it. So each is remembered for one span at least,
/// and for two at most.
#[derive(Debug)]
pub(super) struct Recent<T> {
    span: Duration,
    since: Option<Instant>,
    current: Option<T>,
    before: Option<T>,
}

impl<T: Copy> Recent<T> {
    pub(super) fn new(span: Duration) -> Self {
        Self { span, since: None, current: None, before: None }
    }

    /// Changes the figure of the current span, which is `None` at its start.
    pub(super) fn note(&mut self, now: Instant, change: impl FnOnce(Option<T>) -> T) {
        self.age(now);
        self.since.get_or_insert(now);
        self.current = Some(change(self.current));
    }

    /// The figures of both spans.
    pub(super) fn figures(&mut self, now: Instant) -> impl Iterator<Item = T> {
        self.age(now);
        self.current.into_iter().chain(self.before)
    }

    fn age(&mut self, now: Instant) {
        let age = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if age >= self.span {
            self.before = self.current.take().filter(|_| age < self.span * 2);
            self.since = self.before.map(|_| now);
        }
    }
}
