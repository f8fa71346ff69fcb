//! Whether a lane may be consumed: neither the breaker nor an operator holds it back.

use chrono::{DateTime, Utc};
use shared::lane::{Lane, QueueLane};
use tokio::sync::watch;

use super::{
    breaker::{Scope, State},
    pauses::Permission,
};

/// What keeps a lane from being consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The pauses or the state of the breaker were not read yet.
    Unread,
    /// An operator paused it.
    Paused(Option<DateTime<Utc>>),
    /// The breaker is open.
    Breaker,
}

/// Follows breaker and pauses for one lane.
pub(crate) struct LaneWatch {
    lane: QueueLane,
    breaker: watch::Receiver<State>,
    pauses: watch::Receiver<[Permission; Lane::ALL.len()]>,
}

impl LaneWatch {
    pub(super) fn new(
        lane: QueueLane,
        breaker: watch::Receiver<State>,
        pauses: watch::Receiver<[Permission; Lane::ALL.len()]>,
    ) -> Self {
        Self { lane, breaker, pauses }
    }

    fn look(&mut self) -> Option<Obstacle> {
        let permission = self.pauses.borrow_and_update()[self.lane.lane() as usize];
        let breaker = *self.breaker.borrow_and_update();
        // Live signups are consumed all the same, and stored as waiting in their order; the day's cap only ends with the
        // day. A backfill waits in its queue.
        let held = breaker.holds(self.lane.lane());
        let open = match self.lane {
            QueueLane::Live => held == Some(Scope::DailyCap),
            QueueLane::Backfill => held.is_some() && !breaker.seeking,
        };
        match permission {
            _ if !breaker.read => Some(Obstacle::Unread),
            Permission::Unread => Some(Obstacle::Unread),
            Permission::Paused(until) => Some(Obstacle::Paused(until)),
            Permission::Granted => open.then_some(Obstacle::Breaker),
        }
    }

    async fn changed(&mut self) {
        let changed = tokio::select! {
            changed = self.breaker.changed() => changed,
            changed = self.pauses.changed() => changed,
        };
        if changed.is_err() {
            // The throttle is gone, so the worker has ended.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until something holds the lane back.
    pub(crate) async fn obstructed(&mut self) -> Obstacle {
        loop {
            if let Some(obstacle) = self.look() {
                return obstacle;
            }
            self.changed().await;
        }
    }

    /// Waits until nothing holds the lane back; calls `seen` with each obstacle meanwhile.
    pub(crate) async fn clear(&mut self, mut seen: impl FnMut(Obstacle)) {
        while let Some(obstacle) = self.look() {
            seen(obstacle);
            self.changed().await;
        }
    }
}
