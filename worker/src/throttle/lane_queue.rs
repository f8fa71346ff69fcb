//! Who is next: live seven times for three of backfill, and in each lane whoever has waited longest.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use shared::lane::QueueLane;
use tokio::time::Instant;

/// What one turn costs a lane, by [`QueueLane`]; the lane that has spent less goes next.
const COST: [u64; 2] = [3, 7];

/// Who is taken up within the same stretch of time goes by age. Nobody is overtaken by those who are taken up in a later
/// one: a delivery that others overtake for half an hour makes the broker close the channel.
const STRETCH: TimeDelta = TimeDelta::seconds(10);

/// Where a call stands in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) lane: QueueLane,
    /// The number of the stretch in which its delivery was taken up.
    stretch: i64,
    /// Since when its user waits, by the time of their event.
    since: DateTime<Utc>,
}

impl Rank {
    /// A portal's clock that is ahead puts nobody behind those who come later.
    pub(crate) fn new(lane: QueueLane, taken_up: Instant, since: DateTime<Utc>) -> Self {
        let now = Utc::now();
        let taken_up = now - taken_up.elapsed();
        let stretch = taken_up.timestamp().div_euclid(STRETCH.num_seconds());
        Self { lane, stretch, since: since.min(now) }
    }

    /// Before all others of the lane: this call had its turn already.
    pub(crate) fn first(self) -> Self {
        Self { stretch: i64::MIN, ..self }
    }

    /// From now on.
    #[cfg(test)]
    pub(crate) fn of(lane: QueueLane) -> Self {
        Self::new(lane, Instant::now(), Utc::now())
    }
}

/// Stretch, age and order of arrival: what decides within a lane.
type Key = (i64, DateTime<Utc>, u64);

/// Waiters by lane: each lane by age, the lanes by weight (start-time fair queueing).
pub(super) struct LaneQueue<T> {
    waiting: [BTreeMap<Key, T>; 2],
    /// Everybody who ever came: of two who have waited equally long, the one who came first is next.
    came: u64,
    spent: [u64; 2],
    /// What the lane that had the last turn had spent before it.
    now: u64,
}

impl<T> LaneQueue<T> {
    pub(super) fn new() -> Self {
        Self { waiting: [BTreeMap::new(), BTreeMap::new()], came: 0, spent: [0; 2], now: 0 }
    }

    pub(super) fn push(&mut self, rank: Rank, waiter: T) {
        self.wake(rank.lane);
        self.came += 1;
        self.waiting[rank.lane as usize].insert((rank.stretch, rank.since, self.came), waiter);
    }

    /// A lane saves up no turns while nobody waits in it.
    fn wake(&mut self, lane: QueueLane) {
        if self.waiting[lane as usize].is_empty() {
            let spent = &mut self.spent[lane as usize];
            *spent = (*spent).max(self.now);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(BTreeMap::is_empty)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.waiting.iter().flat_map(BTreeMap::values)
    }

    /// Takes out the next waiter of the lanes that `may` have a turn.
    pub(super) fn next(&mut self, may: impl Fn(QueueLane) -> bool) -> Option<(QueueLane, T)> {
        let ready = QueueLane::ALL.into_iter().filter(|l| !self.waiting[*l as usize].is_empty() && may(*l));
        let lane = ready.min_by_key(|l| self.spent[*l as usize])?;
        let (_, waiter) = self.waiting[lane as usize].pop_first()?;
        self.now = self.spent[lane as usize];
        self.spent[lane as usize] += COST[lane as usize];
        Some((lane, waiter))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(live: usize, backfill: usize) -> LaneQueue<usize> {
        let mut queue = LaneQueue::new();
        (0..live).for_each(|n| queue.push(Rank::of(QueueLane::Live), n));
        (0..backfill).for_each(|n| queue.push(Rank::of(QueueLane::Backfill), n));
        queue
    }

    fn turns(queue: &mut LaneQueue<usize>, count: usize) -> [usize; 2] {
        let mut had = [0; 2];
        for (lane, _) in std::iter::from_fn(|| queue.next(|_| true)).take(count) {
            had[lane as usize] += 1;
        }
        had
    }

    #[test]
    fn both_greedy_share_seven_to_three() {
        assert_eq!(turns(&mut filled(1_000, 1_000), 1_000), [700, 300]);
    }

    #[test]
    fn one_alone_has_everything() {
        assert_eq!(turns(&mut filled(0, 50), 100), [0, 50]);
        assert_eq!(turns(&mut filled(50, 0), 100), [50, 0]);
    }

    #[test]
    fn an_idle_lane_saves_nothing_up() {
        let mut queue = filled(0, 2_000);
        turns(&mut queue, 1_000);
        (0..1_000).for_each(|n| queue.push(Rank::of(QueueLane::Live), n));
        let [live, backfill] = turns(&mut queue, 100);
        assert!(live.abs_diff(70) <= 1 && live + backfill == 100, "{live} to {backfill}");
    }

    #[test]
    fn a_lane_that_may_not_is_passed_over() {
        let mut queue = filled(2, 2);
        assert_eq!(queue.next(|l| l == QueueLane::Backfill), Some((QueueLane::Backfill, 0)));
        assert_eq!(queue.next(|_| false), None);
    }

    fn order(ranks: impl IntoIterator<Item = Rank>) -> Vec<usize> {
        let mut queue = LaneQueue::new();
        ranks.into_iter().enumerate().for_each(|(n, rank)| queue.push(rank, n));
        std::iter::from_fn(|| queue.next(|_| true)).map(|(_, n)| n).collect()
    }

    fn waiting(stretch: i64, seconds: i64) -> Rank {
        let since = Utc::now() - TimeDelta::seconds(seconds);
        Rank { stretch, ..Rank::new(QueueLane::Live, Instant::now(), since) }
    }

    #[test]
    fn whoever_waits_longest_is_next_and_a_clock_that_is_ahead_counts_as_now() {
        let ranks = [3, 9, -500, 4, 1].map(|seconds| waiting(7, seconds));
        assert_eq!(order(ranks.into_iter().chain([waiting(7, 0)])), [1, 3, 0, 4, 2, 5]);
    }

    #[test]
    fn nobody_is_overtaken_by_who_is_taken_up_much_later() {
        assert_eq!(order([waiting(8, 900), waiting(7, 1), waiting(9, 9_000).first()]), [2, 1, 0]);
        let early = Rank::new(QueueLane::Live, Instant::now() - STRETCH.to_std().unwrap(), Utc::now());
        assert!(early.stretch < Rank::of(QueueLane::Live).stretch);
    }

    proptest! {
        #[test]
        fn a_lone_live_waiter_is_next_and_nobody_starves(bursts in prop::collection::vec(0..6_usize, 1..200)) {
            let mut queue = filled(0, 5_000);
            let mut since_backfill = 0;
            for burst in bursts {
                let lone = queue.waiting[QueueLane::Live as usize].is_empty() && burst == 1;
                (0..burst).for_each(|n| queue.push(Rank::of(QueueLane::Live), n));
                let (lane, _) = queue.next(|_| true).unwrap();
                if lone && since_backfill == 0 {
                    prop_assert_eq!(lane, QueueLane::Live);
                }
                since_backfill = if lane == QueueLane::Backfill { 0 } else { since_backfill + 1 };
                prop_assert!(since_backfill <= 3, "backfill waited for {since_backfill} turns");
            }
        }
    }
}
