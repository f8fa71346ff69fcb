//! The token scheduler of one worker: its leased slots, the calls that wait for them, and the next lease.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    store::send_rate::Lease,
    throttle::{
        fair_queue::{Rank, WeightedFairQueue},
        recent::Recent,
    },
};

/// How long after its slot a token may be used: time for the claim.
const LIFE: Duration = Duration::from_millis(80);
/// Any second may hold the slots of this much time.
const REACH: Duration = Duration::from_millis(1_100);
/// Doubt about the database's clock that `REACH` has room for beside a second and `LIFE`.
const FREE_DOUBT: Duration = Duration::from_millis(20);
/// A lease covers no more time than this, so that no worker waits long behind another's.
const LONGEST: Duration = Duration::from_millis(50);
/// The next lease is asked for so long before the last slot of this one, and the time of a round trip.
const AHEAD: Duration = Duration::from_millis(25);

/// The time in which one segment may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

/// A lease that was asked for. `spacing` makes up for `doubt` about the database's clock.
struct Order {
    slots: u32,
    spacing: Duration,
    doubt: Duration,
}

struct Waiter {
    segments: u32,
    reply: oneshot::Sender<Slot>,
}

pub(super) struct Scheduler {
    /// Segments per second.
    rate: u32,
    waiting: WeightedFairQueue<Waiter>,
    slots: VecDeque<Slot>,
    /// The slot that was handed out last, and the segments of its message that the next slots pay for.
    last: Option<Slot>,
    owed: u32,
    /// Segments handed out within the life of a token.
    demand: Recent<u32>,
    /// How long round trips to the database recently took. The database read its clock at any instant of them.
    trip: Duration,
    order: Option<Order>,
}

impl Scheduler {
    pub(super) fn new(rate: u32) -> Self {
        let (waiting, slots) = (WeightedFairQueue::new(), VecDeque::new());
        let (demand, trip) = (Recent::new(LIFE), Duration::ZERO);
        Self { rate, waiting, slots, last: None, owed: 0, demand, trip, order: None }
    }

    /// Leased slots that may still be used.
    pub(super) fn available(&self, now: Instant) -> usize {
        self.slots.iter().filter(|slot| slot.until >= now).count()
    }

    pub(super) fn ask(&mut self, rank: Rank, segments: u32) -> oneshot::Receiver<Slot> {
        let (reply, slot) = oneshot::channel();
        self.waiting.push(rank, Waiter { segments: segments.max(1), reply });
        slot
    }

    /// Hands out every slot whose time has come. Slots that are over are lost. Returns when the next one comes.
    pub(super) fn hand_out(&mut self, now: Instant) -> Option<Instant> {
        while !self.waiting.is_empty() {
            let Slot { from, until } = *self.slots.front()?;
            if from > now {
                return Some(from);
            }
            self.slots.pop_front();
            if until >= now && self.owed > 0 {
                self.owed -= 1;
            } else if until >= now {
                self.give(Slot { from, until }, now);
            }
        }
        None
    }

    fn give(&mut self, slot: Slot, now: Instant) {
        while let Some((_, waiter)) = self.waiting.next(|_| true) {
            // Err: the waiter has left.
            if waiter.reply.send(slot).is_ok() {
                (self.last, self.owed) = (Some(slot), waiter.segments - 1);
                return self.demand.note(now, |used| used.unwrap_or(0) + waiter.segments);
            }
        }
    }

    /// Takes back an unused slot, with the slots still owed for it. Slots that were paid already are lost.
    pub(super) fn take_back(&mut self, slot: Slot) {
        if self.last == Some(slot) {
            (self.last, self.owed) = (None, 0);
        }
        self.slots.push_front(slot);
    }

    /// How much time to lease now: for the segments that wait, and for those likely to come while the tokens live.
    pub(super) fn order(&mut self, now: Instant) -> Option<Duration> {
        let supplied = self.slots.back().is_some_and(|last| last.from > now + AHEAD + self.trip);
        if self.order.is_some() || supplied || self.waiting.is_empty() {
            return None;
        }
        let waiting = self.waiting.iter().filter(|waiter| !waiter.reply.is_closed());
        let wanted = waiting.fold(self.owed, |sum, waiter| sum.saturating_add(waiter.segments));
        let missing = wanted.saturating_sub(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        if missing == 0 {
            return None;
        }
        // Doubt makes tokens live longer than planned. Then the slots lie further apart.
        let doubt = self.trip.max(FREE_DOUBT);
        let stretch = (Duration::from_secs(1) + LIFE + doubt).as_secs_f64() / REACH.as_secs_f64();
        let spacing = Duration::from_secs(1).mul_f64(stretch) / self.rate;
        let longest = u32::try_from(LONGEST.as_nanos() / spacing.as_nanos().max(1)).unwrap_or(u32::MAX);
        let recent = self.demand.figures(now).max().unwrap_or(0);
        let slots = missing.max(recent).min(longest.max(1));
        self.order = Some(Order { slots, spacing, doubt });
        Some(spacing * slots)
    }

    /// Adds the slots of the ordered lease. `None`: the lease failed.
    pub(super) fn leased(&mut self, lease: Option<Lease>) {
        let (Some(order), Some(lease)) = (self.order.take(), lease) else { return };
        let trip = lease.received - lease.sent;
        self.trip = trip.max(self.trip / 2);
        let ahead = Duration::from_micros(u64::try_from(lease.start - lease.now).unwrap_or(0));
        // No token is used before its slot by the latest reading of the clock, nor long after it by the earliest.
        let first = lease.received + ahead;
        let life = LIFE.saturating_sub(trip.saturating_sub(order.doubt));
        if !life.is_zero() {
            let from = (0..order.slots).map(|n| first + order.spacing * n);
            self.slots.extend(from.map(|from| Slot { from, until: from + life }));
        }
    }
}
