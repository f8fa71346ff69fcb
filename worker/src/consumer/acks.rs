//! Which deliveries may be acked. A multiple ack settles every lower tag, so it may name only the highest
//! of an unbroken run of finished ones.

use std::collections::VecDeque;

enum Slot<A> {
    Running(A),
    Finished(A),
    /// Acked alone, or given back.
    Settled,
}

/// The deliveries of one channel in order of their tags.
pub(super) struct Acks<A> {
    /// The tag of the first slot.
    first: u64,
    slots: VecDeque<Slot<A>>,
    finished: usize,
}

impl<A> Acks<A> {
    pub(super) fn new() -> Self {
        Self { first: 1, slots: VecDeque::new(), finished: 0 }
    }

    /// A delivery arrived. Tags of a channel count up from 1 without gaps.
    pub(super) fn arrived(&mut self, tag: u64, acker: A) {
        if self.slots.is_empty() {
            self.first = tag;
        }
        debug_assert_eq!(self.first + self.slots.len() as u64, tag);
        self.slots.push_back(Slot::Running(acker));
    }

    /// Everything about the delivery is committed.
    pub(super) fn finished(&mut self, tag: u64) {
        if let Some(slot) = self.slot(tag)
            && let Slot::Running(acker) = std::mem::replace(slot, Slot::Settled)
        {
            *slot = Slot::Finished(acker);
            self.finished += 1;
        }
    }

    /// Takes a delivery out of the account, to be given back to the broker.
    pub(super) fn withdraw(&mut self, tag: u64) -> Option<A> {
        match std::mem::replace(self.slot(tag)?, Slot::Settled) {
            Slot::Running(acker) => Some(acker),
            Slot::Finished(acker) => {
                self.finished -= 1;
                Some(acker)
            }
            Slot::Settled => None,
        }
    }

    /// Finished deliveries that were not acked.
    pub(super) fn unacked(&self) -> usize {
        self.finished
    }

    /// The highest delivery of the unbroken run at the front, to be acked with `multiple`.
    pub(super) fn run(&mut self) -> Option<A> {
        let mut last = None;
        while let Some(slot) = self.slots.pop_front_if(|s| !matches!(s, Slot::Running(_))) {
            self.first += 1;
            if let Slot::Finished(acker) = slot {
                self.finished -= 1;
                last = Some(acker);
            }
        }
        last
    }

    /// Finished deliveries behind a slow one, to be acked one by one, once they fill half of `prefetch`.
    pub(super) fn stragglers(&mut self, prefetch: usize) -> Vec<A> {
        if self.finished * 2 < prefetch {
            return Vec::new();
        }
        self.finished = 0;
        let taken = self.slots.iter_mut().filter(|s| matches!(s, Slot::Finished(_)));
        taken
            .filter_map(|slot| match std::mem::replace(slot, Slot::Settled) {
                Slot::Finished(acker) => Some(acker),
                Slot::Running(_) | Slot::Settled => None,
            })
            .collect()
    }

    fn slot(&mut self, tag: u64) -> Option<&mut Slot<A>> {
        let index = usize::try_from(tag.checked_sub(self.first)?).ok()?;
        self.slots.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_running_delivery_holds_back_the_run() {
        let mut acks = Acks::new();
        (1..=4).for_each(|tag| acks.arrived(tag, tag));
        acks.finished(2);
        acks.finished(3);
        assert_eq!(acks.run(), None);
        acks.finished(1);
        assert_eq!(acks.run(), Some(3));
        acks.finished(4);
        assert_eq!(acks.run(), Some(4));
    }

    #[test]
    fn a_slow_delivery_does_not_starve_the_prefetch() {
        let mut acks = Acks::new();
        (1..=10).for_each(|tag| acks.arrived(tag, tag));
        (2..=5).for_each(|tag| acks.finished(tag));
        assert!(acks.stragglers(10).is_empty());
        acks.finished(6);
        assert_eq!(acks.stragglers(10), [2, 3, 4, 5, 6]);
        acks.finished(1);
        assert_eq!(acks.run(), Some(1), "what was acked alone is not acked again");
    }

    #[test]
    fn a_delivery_given_back_is_never_acked() {
        let mut acks = Acks::new();
        (1..=2).for_each(|tag| acks.arrived(tag, tag));
        assert_eq!(acks.withdraw(1), Some(1));
        acks.finished(1);
        assert_eq!(acks.run(), None);
        acks.finished(2);
        // Tag 1 was settled by the nack before, so a multiple ack of 2 does not reach it.
        assert_eq!(acks.run(), Some(2));
    }

    proptest! {
        #[test]
        fn only_finished_deliveries_are_acked_and_each_once(
            order in Just((1..=60_u64).collect::<Vec<_>>()).prop_shuffle(),
            flush_every in 1..7_usize,
        ) {
            let mut acks = Acks::new();
            (1..=60).for_each(|tag| acks.arrived(tag, tag));
            let (mut finished, mut acked) = (BTreeSet::new(), BTreeSet::new());
            for (i, tag) in order.into_iter().enumerate() {
                acks.finished(tag);
                finished.insert(tag);
                if i % flush_every == 0 {
                    for lone in acks.stragglers(20) {
                        prop_assert!(finished.contains(&lone) && acked.insert(lone));
                    }
                    if let Some(top) = acks.run() {
                        prop_assert!((1..=top).all(|t| finished.contains(&t)));
                        prop_assert!(!acked.contains(&top));
                        acked.extend(1..=top);
                    }
                }
            }
            if let Some(top) = acks.run() {
                acked.extend(1..=top);
            }
            prop_assert_eq!(acked.len(), 60);
        }
    }
}
