//! Twilio calls in flight: as many as Twilio bears, shared by the lanes.
//!
//! A permit that comes free goes to whoever waits, live seven times for three of backfill. So that live need not wait
//! at all, as many permits as it lately held, and one more, are kept for it; the rest is anybody's.

mod concurrency;
mod peak;

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::lane::QueueLane;
use tokio::{sync::oneshot, time::Instant};

use super::lane_queue::{LaneQueue, Rank};
use concurrency::Concurrency;
pub(crate) use concurrency::{Call, Echo};
use peak::Peak;

/// Below so many calls in flight none is kept for live.
const FEW: usize = 4;

/// The permits of one worker.
pub(crate) struct Permits {
    state: Mutex<State>,
}

struct State {
    concurrency: Concurrency,
    held: [usize; 2],
    waiting: LaneQueue<oneshot::Sender<()>>,
    live: Peak,
    shown: Shown,
}

/// Handles, so that a change costs no look-up.
struct Shown {
    limit: metrics::Gauge,
    held: [metrics::Gauge; 2],
}

impl Permits {
    /// At most `most` calls in flight.
    pub(crate) fn new(most: usize) -> Self {
        let held =
            QueueLane::ALL.map(|l| metrics::gauge!("onboarding_calls_in_flight", "lane" => l.as_str()));
        let shown = Shown { limit: metrics::gauge!("onboarding_concurrency_limit"), held };
        let state = State {
            concurrency: Concurrency::new(most),
            held: [0; 2],
            waiting: LaneQueue::new(),
            live: Peak::default(),
            shown,
        };
        state.shown.limit.set(value(most));
        for lane in QueueLane::ALL {
            state.show_held(lane);
        }
        Self { state: Mutex::new(state) }
    }

    /// Waits for a permit; dropping it gives it back.
    pub(crate) async fn take(&self, rank: Rank) -> Permit<'_> {
        let lane = rank.lane;
        let granted = {
            let mut state = self.state();
            if state.waiting.is_empty() && state.may(lane) {
                state.hold(lane);
                return Permit { permits: self, lane, echo: None };
            }
            let (grant, granted) = oneshot::channel();
            state.waiting.push(rank, grant);
            // Those who wait may all be of the other lane, which may not.
            state.hand_out();
            granted
        };
        let mut place = Place { permits: self, lane, granted };
        // Never Err: the other end is in the queue until it grants.
        let _ = (&mut place.granted).await;
        Permit { permits: self, lane, echo: None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while holding it leaves counts behind that are still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_flight(&self) -> usize {
        self.held.iter().sum()
    }

    /// Whether a call of `lane` may begin.
    fn may(&self, lane: QueueLane) -> bool {
        let kept = if lane == QueueLane::Live { 0 } else { self.kept() };
        self.in_flight() + kept < self.concurrency.limit()
    }

    /// Free permits that only live may take.
    fn kept(&self) -> usize {
        let limit = self.concurrency.limit();
        if limit < FEW {
            return 0;
        }
        (self.live.highest() + 1).min(limit * 3 / 10).saturating_sub(self.held[QueueLane::Live as usize])
    }

    fn hold(&mut self, lane: QueueLane) {
        self.held[lane as usize] += 1;
        if lane == QueueLane::Live {
            self.live.note(self.held[lane as usize], Instant::now());
        }
        self.show_held(lane);
    }

    fn give_back(&mut self, lane: QueueLane) {
        self.held[lane as usize] -= 1;
        if self.live.highest() > 0 {
            self.live.age(Instant::now());
        }
        self.show_held(lane);
        self.hand_out();
    }

    fn hand_out(&mut self) {
        while !self.waiting.is_empty() {
            let may = QueueLane::ALL.map(|lane| self.may(lane));
            let Some((lane, grant)) = self.waiting.next(|lane| may[lane as usize]) else { return };
            // Err: nobody waits there any more.
            if grant.send(()).is_ok() {
                self.hold(lane);
            }
        }
    }

    fn show_held(&self, lane: QueueLane) {
        self.shown.held[lane as usize].set(value(self.held[lane as usize]));
    }
}

fn value(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The right to have one call in flight.
pub(crate) struct Permit<'a> {
    permits: &'a Permits,
    lane: QueueLane,
    echo: Option<Echo>,
}

impl Permit<'_> {
    /// Gives it back and tells how the call went, which moves the limit.
    pub(crate) fn finish(mut self, echo: Option<Echo>) {
        self.echo = echo;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.permits.state();
        if let Some(echo) = self.echo
            && state.concurrency.hear(echo, Instant::now())
        {
            state.shown.limit.set(value(state.concurrency.limit()));
        }
        state.give_back(self.lane);
    }
}

/// A place in the queue. A permit that was granted and not fetched goes to the next.
struct Place<'a> {
    permits: &'a Permits,
    lane: QueueLane,
    granted: oneshot::Receiver<()>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.granted.close();
        if self.granted.try_recv().is_ok() {
            self.permits.state().give_back(self.lane);
        }
    }
}

#[cfg(test)]
#[path = "permits/tests.rs"]
mod tests;
