//! The counter where tokens are handed out: who waits, what is leased, and how much to lease next.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::{
    Lease,
    clock::DatabaseClock,
    token::{LIFE, Slice, Slices, Token, spacing},
};
use crate::throttle::lane_queue::{LaneQueue, Rank};

/// A lease covers no more time than this, so that no worker waits long behind another's.
const LONGEST: Duration = Duration::from_millis(50);
/// The next lease is asked for so long before the last token of this one, and the time of a round trip.
const AHEAD: Duration = Duration::from_millis(25);
/// A round trip that took longer is no measure of the next one.
const LONG_TRIP: Duration = Duration::from_millis(250);
/// There may be more doubt than at the last lease: clocks drift.
const MARGIN: Duration = Duration::from_millis(5);

/// Somebody who waits for a token.
pub(super) struct Waiter {
    segments: u32,
    reply: oneshot::Sender<Token>,
}

/// A lease to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    tokens: u32,
    spacing: Duration,
}

impl Order {
    /// The time that it takes of the line.
    pub(super) fn span(self) -> Duration {
        self.spacing * self.tokens
    }
}

/// What to do now, and when to look again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) order: Option<Order>,
    pub(super) at: Option<Instant>,
}

/// The counter of one worker.
pub(super) struct Counter {
    rate: u32,
    queue: LaneQueue<Waiter>,
    slices: Slices,
    clock: DatabaseClock,
    /// How well the moments of the last lease could be told.
    doubt: Duration,
    /// How long its round trip took.
    trip: Duration,
    /// The rest of messages of several segments, paid by the tokens that follow.
    owed: u32,
    /// The token that was handed out last: what is owed is owed for it.
    last: Option<Token>,
    demand: Demand,
    ordered: bool,
}

impl Counter {
    /// `rate` segments per second.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            queue: LaneQueue::new(),
            slices: Slices::default(),
            clock: DatabaseClock::default(),
            doubt: Duration::ZERO,
            trip: Duration::ZERO,
            owed: 0,
            last: None,
            demand: Demand::default(),
            ordered: false,
        }
    }

    /// Tokens that are leased and may still be used.
    pub(super) fn available(&self, now: Instant) -> u32 {
        self.slices.alive(now)
    }

    /// Queues up for `segments`.
    pub(super) fn ask(&mut self, rank: Rank, segments: u32) -> oneshot::Receiver<Token> {
        let (reply, token) = oneshot::channel();
        self.queue.push(rank, Waiter { segments: segments.max(1), reply });
        token
    }

    /// Hands out every token whose moment has come.
    pub(super) fn hand_out(&mut self, now: Instant) {
        while !self.queue.is_empty()
            && let Some(token) = self.slices.take(now)
        {
            if self.owed > 0 {
                self.owed -= 1;
            } else {
                self.give(token, now);
            }
        }
    }

    /// The same; says what is to be leased, and when to look again.
    pub(super) fn serve(&mut self, now: Instant) -> Next {
        self.hand_out(now);
        if self.queue.is_empty() {
            return Next { order: None, at: None };
        }
        let order = self.order(now);
        self.ordered |= order.is_some();
        let ahead = self.slices.last().and_then(|last| last.checked_sub(AHEAD + self.trip));
        let ahead = ahead.filter(|at| !self.ordered && *at > now);
        Next { order, at: self.slices.next().into_iter().chain(ahead).min() }
    }

    fn give(&mut self, mut token: Token, now: Instant) {
        while let Some((_, waiter)) = self.queue.next(|_| true) {
            match waiter.reply.send(token) {
                Ok(()) => {
                    self.owed = waiter.segments - 1;
                    self.last = Some(token);
                    self.demand.note(waiter.segments, now);
                    return;
                }
                // Nobody waits there any more.
                Err(back) => token = back,
            }
        }
    }

    /// What to lease now: what is wanted, and what is likely to be wanted while its tokens live.
    fn order(&self, now: Instant) -> Option<Order> {
        if self.ordered || self.slices.last().is_some_and(|last| last > now + AHEAD + self.trip) {
            return None;
        }
        let wanted = self.wanted().saturating_sub(self.slices.left());
        if wanted == 0 {
            return None;
        }
        let spacing = spacing(self.rate, self.doubt + MARGIN);
        let longest = u32::try_from(LONGEST.as_nanos() / spacing.as_nanos().max(1)).unwrap_or(u32::MAX);
        let tokens = wanted.max(self.demand.recent(now)).min(longest.max(1));
        Some(Order { tokens, spacing })
    }

    fn wanted(&self) -> u32 {
        let waiting = self.queue.iter().filter(|w| !w.reply.is_closed());
        waiting.fold(self.owed, |sum, waiter| sum.saturating_add(waiter.segments))
    }

    /// Takes back a token that was not used, with what is still owed for it. What was paid already is lost.
    pub(super) fn take_back(&mut self, token: Token) {
        if self.last == Some(token) {
            self.owed = 0;
            self.last = None;
        }
        self.slices.put_back(token);
    }

    /// Takes in what was ordered. A lease whose moments cannot be told well enough is left unused.
    pub(super) fn leased(&mut self, order: Order, lease: Lease) {
        self.ordered = false;
        self.trip = (lease.received - lease.sent).min(LONG_TRIP);
        self.clock.learn(lease.now, lease.sent, lease.received);
        if let Some((earliest, latest)) = self.clock.instants(lease.start) {
            self.doubt = latest - earliest;
            if spacing(self.rate, self.doubt) <= order.spacing {
                self.slices.add(Slice { next: latest, spacing: order.spacing, left: order.tokens });
            }
        }
    }

    /// What was ordered does not come.
    pub(super) fn failed(&mut self) {
        self.ordered = false;
    }
}

/// How many tokens were lately used within the life of one.
#[derive(Debug, Default)]
struct Demand {
    since: Option<Instant>,
    used: u32,
    before: u32,
}

impl Demand {
    fn note(&mut self, segments: u32, now: Instant) {
        match self.since.map(|since| now.saturating_duration_since(since)) {
            Some(age) if age < LIFE => self.used = self.used.saturating_add(segments),
            age => {
                self.before = if age.is_some_and(|a| a < LIFE * 2) { self.used } else { 0 };
                (self.since, self.used) = (Some(now), segments);
            }
        }
    }

    fn recent(&self, now: Instant) -> u32 {
        match self.since.map(|since| now.saturating_duration_since(since)) {
            Some(age) if age < LIFE => self.before.max(self.used),
            Some(age) if age < LIFE * 2 => self.used,
            _ => 0,
        }
    }
}

#[cfg(test)]
#[path = "counter_tests.rs"]
mod tests;
