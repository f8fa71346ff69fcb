//! The deliveries that this worker holds, by time of publishing. A queue delivers its messages in order, so a message
//! published before the oldest delivery that any worker holds has left the queue.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;

type Counts = BTreeMap<DateTime<Utc>, usize>;

/// The deliveries in hand, by lane.
#[derive(Default)]
pub(crate) struct Unfinished([Mutex<Counts>; 2]);

/// One delivery in hand, until this is dropped.
pub(super) struct UnfinishedDelivery {
    unfinished: Arc<Unfinished>,
    lane: QueueLane,
    published: DateTime<Utc>,
}

impl Unfinished {
    /// Takes a delivery. One without a publish time, or with one that is yet to come, counts as published now.
    pub(super) fn take(
        self: &Arc<Self>,
        lane: QueueLane,
        published: Option<DateTime<Utc>>,
    ) -> UnfinishedDelivery {
        let now = Utc::now();
        let published = published.map_or(now, |at| at.min(now));
        *self.of(lane).entry(published).or_default() += 1;
        UnfinishedDelivery { unfinished: self.clone(), lane, published }
    }

    /// When the oldest delivery of a lane was published, if any is in hand.
    pub(crate) fn oldest(&self, lane: QueueLane) -> Option<DateTime<Utc>> {
        self.of(lane).keys().next().copied()
    }

    fn of(&self, lane: QueueLane) -> MutexGuard<'_, Counts> {
        self.0[lane as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnfinishedDelivery {
    fn drop(&mut self) {
        let mut counts = self.unfinished.of(self.lane);
        if let Some(count) = counts.get_mut(&self.published) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.published);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_oldest_delivery_counts_until_its_last_copy_is_let_go() {
        let unfinished = Arc::new(Unfinished::default());
        let old = Utc::now() - TimeDelta::seconds(90);
        let first = unfinished.take(QueueLane::Live, Some(old));
        let second = unfinished.take(QueueLane::Live, Some(old));
        let newer = unfinished.take(QueueLane::Live, None);
        drop(first);
        assert_eq!(unfinished.oldest(QueueLane::Live), Some(old));
        drop(second);
        assert!(unfinished.oldest(QueueLane::Live).is_some_and(|at| at > old));
        drop(newer);
        assert_eq!(
            (unfinished.oldest(QueueLane::Live), unfinished.oldest(QueueLane::Backfill)),
            (None, None)
        );
    }

    #[test]
    fn a_publisher_whose_clock_is_ahead_does_not_make_a_delivery_younger_than_now() {
        let unfinished = Arc::new(Unfinished::default());
        let ahead = unfinished.take(QueueLane::Backfill, Some(Utc::now() + TimeDelta::hours(1)));
        assert!(unfinished.oldest(QueueLane::Backfill).is_some_and(|at| at <= Utc::now()));
        drop(ahead);
    }
}
