//! The order of those who wait: lanes by weight, and the longest wait first within a lane.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use shared::lane::Lane;
use tokio::time::Instant;

/// What a lane of weight 1 pays for one turn. Every weight divides it, so the shares are exact.
const TURN: u64 = 840;

/// Calls whose deliveries arrived within the same stretch of time are ordered by age. Calls of a later stretch never
/// overtake them: RabbitMQ closes the channel if others overtake a delivery for half an hour.
const STRETCH: TimeDelta = TimeDelta::seconds(10);

/// The place of a call in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) lane: Lane,
    /// The number of the stretch in which its delivery arrived.
    stretch: i64,
    /// Since when its user waits, by the time of their event.
    since: DateTime<Utc>,
}

impl Rank {
    /// If the portal's clock is ahead, `since` counts as now.
    pub(crate) fn new(lane: impl Into<Lane>, arrived: Instant, since: DateTime<Utc>) -> Self {
        let now = Utc::now();
        let arrived = now - arrived.elapsed();
        let stretch = arrived.timestamp().div_euclid(STRETCH.num_seconds());
        Self { lane: lane.into(), stretch, since: since.min(now) }
    }

    /// Before all others of the lane, for a call that had its turn already.
    pub(crate) fn first(self) -> Self {
        Self { stretch: i64::MIN, ..self }
    }

    #[cfg(test)]
    pub(crate) fn of(lane: impl Into<Lane>) -> Self {
        Self::new(lane, Instant::now(), Utc::now())
    }
}

/// A weighted fair queue (start-time fair queueing). Lanes that wait have turns in proportion to their weights.
pub(super) struct WeightedFairQueue<T> {
    lanes: [Waiters<T>; Lane::ALL.len()],
    /// Breaks ties between waiters of the same age.
    arrivals: u64,
    /// What the lane of the last turn had paid before it.
    paid: u64,
}

/// The waiters of a lane, by stretch, age and arrival.
struct Waiters<T> {
    waiting: BTreeMap<(i64, DateTime<Utc>, u64), T>,
    paid: u64,
}

impl<T> WeightedFairQueue<T> {
    pub(super) fn new() -> Self {
        let lanes = Lane::ALL.map(|_| Waiters { waiting: BTreeMap::new(), paid: 0 });
        Self { lanes, arrivals: 0, paid: 0 }
    }

    pub(super) fn push(&mut self, rank: Rank, waiter: T) {
        let lane = &mut self.lanes[rank.lane as usize];
        if lane.waiting.is_empty() {
            // An idle lane saves no turns.
            lane.paid = lane.paid.max(self.paid);
        }
        self.arrivals += 1;
        lane.waiting.insert((rank.stretch, rank.since, self.arrivals), waiter);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.lanes.iter().flat_map(|lane| lane.waiting.values())
    }

    /// Removes the next waiter of the lanes that `may` have a turn. Of two lanes that paid the same, the more urgent
    /// lane is next.
    pub(super) fn next(&mut self, may: impl Fn(Lane) -> bool) -> Option<(Lane, T)> {
        let ready = |lane: &Lane| !self.lanes[*lane as usize].waiting.is_empty() && may(*lane);
        let lane = Lane::ALL.into_iter().filter(ready).min_by_key(|lane| self.lanes[*lane as usize].paid)?;
        let next = &mut self.lanes[lane as usize];
        let (_, waiter) = next.waiting.pop_first()?;
        self.paid = next.paid;
        next.paid += TURN / u64::from(lane.weight());
        Some((lane, waiter))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Queue = WeightedFairQueue<usize>;

    fn push(queue: &mut Queue, lane: Lane, count: usize) {
        (0..count).for_each(|n| queue.push(Rank::of(lane), n));
    }

    fn filled(counts: [usize; 4]) -> Queue {
        let mut queue = Queue::new();
        Lane::ALL.into_iter().zip(counts).for_each(|(lane, count)| push(&mut queue, lane, count));
        queue
    }

    fn turns(queue: &mut Queue, count: usize) -> [usize; 4] {
        let mut had = [0; 4];
        let turns = std::iter::from_fn(|| queue.next(|_| true)).take(count);
        turns.for_each(|(lane, _)| had[lane as usize] += 1);
        had
    }

    #[test]
    fn greedy_lanes_share_by_weight() {
        assert_eq!(turns(&mut filled([1_000; 4]), 1_000), [400, 400, 100, 100]);
        assert_eq!(turns(&mut filled([0, 1_000, 0, 1_000]), 1_000), [0, 800, 0, 200]);
        assert_eq!(turns(&mut filled([0, 0, 1_000, 1_000]), 1_000), [0, 0, 500, 500]);
    }

    #[test]
    fn one_alone_has_everything() {
        for alone in [[50, 0, 0, 0], [0, 50, 0, 0], [0, 0, 50, 0], [0, 0, 0, 50]] {
            assert_eq!(turns(&mut filled(alone), 100), alone);
        }
    }

    #[test]
    fn an_idle_lane_saves_nothing_up() {
        let mut queue = filled([0, 0, 0, 2_000]);
        turns(&mut queue, 1_000);
        push(&mut queue, Lane::Live, 1_000);
        let [_, live, _, backfill] = turns(&mut queue, 100);
        assert!(live.abs_diff(80) <= 1 && live + backfill == 100, "{live} to {backfill}");
    }

    #[test]
    fn a_lane_that_may_not_is_passed_over() {
        let mut queue = filled([0, 2, 0, 2]);
        assert_eq!(queue.next(|l| l == Lane::Backfill), Some((Lane::Backfill, 0)));
        assert_eq!(queue.next(|_| false), None);
    }

    fn order(ranks: impl IntoIterator<Item = Rank>) -> Vec<usize> {
        let mut queue = Queue::new();
        ranks.into_iter().enumerate().for_each(|(n, rank)| queue.push(rank, n));
        std::iter::from_fn(|| queue.next(|_| true)).map(|(_, n)| n).collect()
    }

    fn waiting(stretch: i64, seconds: i64) -> Rank {
        let since = Utc::now() - TimeDelta::seconds(seconds);
        Rank { stretch, ..Rank::new(Lane::Live, Instant::now(), since) }
    }

    #[test]
    fn the_longest_wait_is_next_and_a_clock_that_is_ahead_counts_as_now() {
        let ranks = [3, 9, -500, 4, 1, 0].map(|seconds| waiting(7, seconds));
        assert_eq!(order(ranks), [1, 3, 0, 4, 2, 5]);
    }

    #[test]
    fn calls_of_a_later_stretch_do_not_overtake() {
        assert_eq!(order([waiting(8, 900), waiting(7, 1), waiting(9, 9_000).first()]), [2, 1, 0]);
        let early = Rank::new(Lane::Live, Instant::now() - STRETCH.to_std().unwrap(), Utc::now());
        assert!(early.stretch < Rank::of(Lane::Live).stretch);
    }

    proptest! {
        #[test]
        fn a_lone_live_waiter_is_next_and_no_lane_starves(bursts in prop::collection::vec(0..6_usize, 1..200)) {
            let (mut queue, mut since_backfill) = (filled([0, 0, 0, 5_000]), 0);
            for burst in bursts {
                let lone = queue.lanes[Lane::Live as usize].waiting.is_empty() && burst == 1;
                push(&mut queue, Lane::Live, burst);
                let (lane, _) = queue.next(|_| true).unwrap();
                prop_assert!(!lone || since_backfill > 0 || lane == Lane::Live);
                since_backfill = if lane == Lane::Backfill { 0 } else { since_backfill + 1 };
                // Four turns by weight, and one more where both lanes have paid the same.
                prop_assert!(since_backfill <= 5, "backfill waited for {since_backfill} turns");
            }
        }
    }
}
