//! How many calls may be in flight: additive increase, multiplicative decrease, at most one step per round trip.
//!
//! Twilio limits concurrency by account and does not say at how many calls (error 20429). A round gathers the calls
//! that began after the last step. A throttled call takes three tenths off at once, unless it began before the limit
//! was last lowered; two rounds in a row that took far longer than usual take one tenth off; a good one adds a
//! sixty-fourth of the most.

use std::time::Duration;

use tokio::time::Instant;

/// Never fewer, however often Twilio says no.
const FLOOR: usize = 2;
/// What is longer than twice the usual time and this is slow. A short delay is jitter, or our own CPU.
const TOLERATED: Duration = Duration::from_millis(250);
/// A round lasts at least this long, and is over with so many calls or after that time.
const ROUND: Duration = Duration::from_millis(100);
const ENOUGH: usize = 16;
const LONG_ROUND: Duration = Duration::from_secs(1);
/// The usual time is the best of the last one or two of these: what stays slow becomes usual.
const USUAL: Duration = Duration::from_secs(60);

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Lookup.
    Lookup,
    /// A message was created.
    Create,
}

/// How a call came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo {
    pub(crate) call: Call,
    /// When the call began.
    pub(crate) started: Instant,
    /// Twilio answered 429: too many calls at once.
    pub(crate) throttled: bool,
}

/// The limit of one worker.
#[derive(Debug)]
pub(super) struct Concurrency {
    limit: usize,
    most: usize,
    round: Round,
    /// When the limit was last lowered.
    lowered: Option<Instant>,
    usual: [Usual; 2],
    slow_rounds: u32,
}

#[derive(Debug, Default)]
struct Round {
    since: Option<Instant>,
    calls: [u32; 2],
    took: [Duration; 2],
}

/// The shortest mean of a round, of the last one or two spans of time.
#[derive(Debug, Default)]
struct Usual {
    since: Option<Instant>,
    now: Option<Duration>,
    before: Option<Duration>,
}

impl Concurrency {
    /// Starts at `most`.
    pub(super) fn new(most: usize) -> Self {
        let (round, usual) = (Round::default(), Default::default());
        Self { limit: most, most, round, lowered: None, usual, slow_rounds: 0 }
    }

    /// Calls that may be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes in how a call went. True: the limit changed.
    pub(super) fn hear(&mut self, echo: Echo, now: Instant) -> bool {
        if echo.throttled {
            let heard = self.lowered.is_none_or(|at| echo.started >= at);
            return heard && self.step(self.limit * 7 / 10, now);
        }
        let since = *self.round.since.get_or_insert(echo.started);
        if echo.started < since {
            // It says nothing about what the last step did.
            return false;
        }
        let kind = echo.call as usize;
        self.round.calls[kind] += 1;
        self.round.took[kind] += now.saturating_duration_since(echo.started);
        let age = now.saturating_duration_since(since);
        let calls = self.round.calls.iter().fold(0, |sum, calls| sum + *calls as usize);
        let enough = calls >= self.limit.min(ENOUGH) || age >= LONG_ROUND;
        age >= ROUND && enough && self.judge(now)
    }

    /// Ends a round that was not throttled.
    fn judge(&mut self, now: Instant) -> bool {
        let mut slow = false;
        for (kind, usual) in self.usual.iter_mut().enumerate() {
            if let Some(mean) = self.round.took[kind].checked_div(self.round.calls[kind]) {
                slow |= mean > usual.of(mean, now) * 2 + TOLERATED;
            }
        }
        self.slow_rounds = if slow { self.slow_rounds + 1 } else { 0 };
        let limit = match self.slow_rounds {
            0 => self.limit + (self.most / 64).max(1),
            1 => self.limit,
            // Slow is not refused: whether fewer calls help is not known, so a quarter goes on in any case.
            _ => (self.limit * 9 / 10).max(self.most / 4).min(self.limit),
        };
        self.step(limit, now)
    }

    fn step(&mut self, limit: usize, now: Instant) -> bool {
        let limit = limit.max(FLOOR).min(self.most);
        self.round = Round { since: Some(now), ..Round::default() };
        if limit < self.limit {
            self.lowered = Some(now);
        }
        std::mem::replace(&mut self.limit, limit) != limit
    }
}

impl Usual {
    /// The usual time, `mean` included.
    fn of(&mut self, mean: Duration, now: Instant) -> Duration {
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= USUAL {
            self.before = self.now.take();
            self.since = Some(now);
        }
        let best = self.now.map_or(mean, |known| known.min(mean));
        self.now = Some(best);
        self.before.map_or(best, |before| before.min(best))
    }
}

#[cfg(test)]
#[path = "concurrency_tests.rs"]
mod tests;
