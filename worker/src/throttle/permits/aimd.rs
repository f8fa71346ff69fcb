//! The limit of calls in flight, by AIMD: additive increase, multiplicative decrease, at most one step per round trip.
//!
//! Twilio limits concurrency by account and does not say at how many calls (error 20429). A round holds the calls that
//! began after the last step. A throttled call lowers the limit by three tenths at once, unless the call began before
//! the limit was last lowered. Two slow rounds in a row lower it by one tenth. A good round raises it by a sixty-fourth
//! of the most.

use std::time::Duration;

use tokio::time::Instant;

use crate::throttle::recent::Recent;

/// The limit is never lower, however often Twilio refuses.
const FLOOR: usize = 2;
/// A round is slow if its mean exceeds twice the usual time by more than this. Less is jitter, or our own processor.
const TOLERATED: Duration = Duration::from_millis(250);
/// A round lasts at least this long. It ends after a number of calls, or after the time of a long round.
const ROUND: Duration = Duration::from_millis(100);
const ENOUGH: usize = 16;
const LONG_ROUND: Duration = Duration::from_secs(1);
/// The usual time is the best mean of the last one or two minutes, so what stays slow becomes usual.
const USUAL: Duration = Duration::from_secs(60);

/// The called operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Lookup,
    /// A message was created.
    Create,
}

/// How one call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallSample {
    pub(crate) call: Call,
    /// When the call began.
    pub(crate) started: Instant,
    /// Twilio answered 429: too many calls at once.
    pub(crate) throttled: bool,
}

#[derive(Debug)]
pub(super) struct Aimd {
    /// Calls that may be in flight: at first `most`.
    limit: usize,
    most: usize,
    /// When the round began, and by kind of call how many ended and how long they took together.
    round: (Option<Instant>, [(u32, Duration); 2]),
    /// When the limit was last lowered.
    lowered: Option<Instant>,
    /// By kind of call.
    usual: [Recent<Duration>; 2],
    slow_rounds: u32,
}

impl Aimd {
    pub(super) fn new(most: usize) -> Self {
        let (round, usual) = (Default::default(), [Recent::new(USUAL), Recent::new(USUAL)]);
        Self { limit: most, most, round, lowered: None, usual, slow_rounds: 0 }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn learn(&mut self, sample: CallSample, now: Instant) {
        if sample.throttled {
            if self.lowered.is_none_or(|at| sample.started >= at) {
                self.step(self.limit * 7 / 10, now);
            }
            return;
        }
        let (since, calls) = &mut self.round;
        let since = *since.get_or_insert(sample.started);
        if sample.started < since {
            // It began before the last step and does not show its effect.
            return;
        }
        let (count, took) = &mut calls[sample.call as usize];
        *count += 1;
        *took += now.saturating_duration_since(sample.started);
        let age = now.saturating_duration_since(since);
        let calls = calls.iter().fold(0, |sum, (count, _)| sum + *count as usize);
        if age >= ROUND && (calls >= self.limit.min(ENOUGH) || age >= LONG_ROUND) {
            self.end_round(now);
        }
    }

    /// Ends a round that was not throttled.
    fn end_round(&mut self, now: Instant) {
        let mut slow = false;
        for ((count, took), usual) in self.round.1.into_iter().zip(&mut self.usual) {
            if let Some(mean) = took.checked_div(count) {
                usual.note(now, |best| best.map_or(mean, |best| best.min(mean)));
                slow |= usual.figures(now).any(|best| mean > best * 2 + TOLERATED);
            }
        }
        self.slow_rounds = if slow { self.slow_rounds + 1 } else { 0 };
        let limit = match self.slow_rounds {
            0 => self.limit + (self.most / 64).max(1),
            1 => self.limit,
            // Slow is not refused: fewer calls may not help, so a quarter of them goes on in any case.
            _ => (self.limit * 9 / 10).max(self.most / 4).min(self.limit),
        };
        self.step(limit, now);
    }

    fn step(&mut self, limit: usize, now: Instant) {
        let limit = limit.max(FLOOR).min(self.most);
        self.round = (Some(now), Default::default());
        if limit < self.limit {
            self.lowered = Some(now);
        }
        self.limit = limit;
    }
}

#[cfg(test)]
mod tests;
