//! Permits for Twilio calls in flight, shared by the lanes. AIMD finds the number that Twilio sustains.
//!
//! A free permit goes to the weighted fair queue of those who wait. So that live calls need not wait at all, as many
//! permits as live recently held, and one more, are kept for it. Every lane may have the others.

mod aimd;

use std::{sync::Mutex, time::Duration};

use shared::lane::Lane;
use tokio::{sync::oneshot, time::Instant};

use super::{
    fair_queue::{Rank, WeightedFairQueue},
    lock::lock,
    recent::Recent,
};
use aimd::Aimd;
pub(crate) use aimd::{Call, CallSample};

/// The recent peak of live is remembered for this time at least, and twice as long at most.
const RECENT: Duration = Duration::from_secs(5);

/// The permits of one worker.
pub(crate) struct Permits(Mutex<State>);

struct State {
    aimd: Aimd,
    held: [usize; Lane::ALL.len()],
    waiting: WeightedFairQueue<oneshot::Sender<()>>,
    live_peak: Recent<usize>,
}

impl Permits {
    /// At most `most` calls in flight.
    pub(crate) fn new(most: usize) -> Self {
        let (held, waiting) = ([0; Lane::ALL.len()], WeightedFairQueue::new());
        Self(Mutex::new(State { aimd: Aimd::new(most), held, waiting, live_peak: Recent::new(RECENT) }))
    }

    /// Waits for a permit. Dropping the permit, or this wait, gives it back.
    pub(crate) async fn take(&self, rank: Rank) -> Permit<'_> {
        let mut permit = Permit { permits: self, lane: rank.lane, waits: None, sample: None };
        {
            let (now, mut state) = (Instant::now(), lock(&self.0));
            if state.waiting.is_empty() && state.may(now)(rank.lane) {
                state.hold(rank.lane, now);
                return permit;
            }
            let (grant, granted) = oneshot::channel();
            state.waiting.push(rank, grant);
            // Those who wait may all be of lanes that may not have a permit now.
            state.hand_out(now);
            permit.waits = Some(granted);
        }
        if let Some(granted) = &mut permit.waits {
            // Never Err: the sender stays in the queue until it grants.
            let _ = granted.await;
        }
        permit.waits = None;
        permit
    }

    /// Calls that may be in flight, and calls in flight by lane.
    pub(super) fn in_use(&self) -> (usize, [usize; Lane::ALL.len()]) {
        let state = lock(&self.0);
        (state.aimd.limit(), state.held)
    }
}

impl State {
    /// Whether a call of a lane may begin. Some of the free permits are only for live.
    fn may(&mut self, now: Instant) -> impl Fn(Lane) -> bool + use<> {
        let (limit, live) = (self.aimd.limit(), self.held[Lane::Live as usize]);
        let peak = self.live_peak.figures(now).max().unwrap_or(0);
        let kept = (peak + 1).min(limit * 3 / 10).saturating_sub(live);
        let free = limit.saturating_sub(self.held.iter().sum());
        move |lane| free > if lane == Lane::Live { 0 } else { kept }
    }

    fn hold(&mut self, lane: Lane, now: Instant) {
        let held = &mut self.held[lane as usize];
        *held += 1;
        if lane == Lane::Live {
            self.live_peak.note(now, |peak| peak.unwrap_or(0).max(*held));
        }
    }

    fn hand_out(&mut self, now: Instant) {
        while !self.waiting.is_empty() {
            let may = self.may(now);
            let Some((lane, grant)) = self.waiting.next(may) else { return };
            // Err: the waiter has left.
            if grant.send(()).is_ok() {
                self.hold(lane, now);
            }
        }
    }
}

/// The right to have one call in flight, or a place in the queue for it.
pub(crate) struct Permit<'a> {
    permits: &'a Permits,
    lane: Lane,
    /// None: it is granted.
    waits: Option<oneshot::Receiver<()>>,
    sample: Option<CallSample>,
}

impl Permit<'_> {
    /// Gives it back and reports how the call ended, which moves the limit.
    pub(crate) fn finish(mut self, sample: Option<CallSample>) {
        self.sample = sample;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(granted) = &mut self.waits {
            granted.close();
            if granted.try_recv().is_err() {
                return;
            }
        }
        let (now, mut state) = (Instant::now(), lock(&self.permits.0));
        if let Some(sample) = self.sample {
            state.aimd.learn(sample, now);
        }
        state.held[self.lane as usize] -= 1;
        state.hand_out(now);
    }
}

#[cfg(test)]
mod tests;
