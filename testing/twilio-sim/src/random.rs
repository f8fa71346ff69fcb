//! Reproducible randomness: a seeded sequence that any thread may draw from.

use std::sync::atomic::{AtomicU64, Ordering};

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A counter run through the SplitMix64 finaliser, so drawing needs no lock.
#[derive(Debug)]
pub(crate) struct Random {
    state: AtomicU64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mix(seed ^ STEP)) }
    }

    pub(crate) fn next(&self) -> u64 {
        mix(self.state.fetch_add(STEP, Ordering::Relaxed))
    }

    /// True in the share `probability` of all draws.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(high) < probability * (f64::from(u32::MAX) + 1.0)
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let draw = self.next() % u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(draw).unwrap_or(0)
    }

    /// Puts `items` into another order than the present one, if there is one.
    pub(crate) fn disorder<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // Never the item itself (Sattolo's algorithm): the result always differs.
            items.swap(last, self.below(last));
        }
    }
}

/// A bijection on 64 bits: distinct inputs give distinct outputs.
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_sequence() {
        let (one, two, other) = (Random::new(7), Random::new(7), Random::new(8));
        let draws: Vec<u64> = (0..5).map(|_| one.next()).collect();
        assert_eq!(draws, (0..5).map(|_| two.next()).collect::<Vec<_>>());
        assert_ne!(draws[0], other.next());
    }

    #[test]
    fn chance_keeps_its_share() {
        let random = Random::new(1);
        let hits = (0..10_000).filter(|_| random.chance(0.1)).count();
        assert!((800..1200).contains(&hits), "{hits}");
        assert!((0..100).all(|_| random.chance(1.0)));
        assert!(!(0..100).any(|_| random.chance(0.0)));
    }

    #[test]
    fn disorder_never_keeps_the_order() {
        let random = Random::new(3);
        for _ in 0..100 {
            let mut items = [1, 2, 3];
            random.disorder(&mut items);
            assert_ne!(items, [1, 2, 3]);
            items.sort_unstable();
            assert_eq!(items, [1, 2, 3]);
        }
    }
}
