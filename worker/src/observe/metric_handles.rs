//! Series of a metric that are recorded at every event.

use std::sync::OnceLock;

/// The handles of one metric by its labels, looked up once each: the registry hashes and copies the labels every time.
/// `N` is how many there are; a further one is looked up each time.
pub(crate) struct Handles<K, H, const N: usize>([OnceLock<(K, H)>; N]);

impl<K: Copy + PartialEq, H, const N: usize> Handles<K, H, N> {
    /// Nothing is registered before it is recorded.
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; N])
    }

    /// Records in the series of these labels.
    pub(crate) fn with(&self, labels: K, register: impl Fn() -> H, record: impl Fn(&H)) {
        for place in &self.0 {
            let (known, handle) = place.get_or_init(|| (labels, register()));
            if *known == labels {
                return record(handle);
            }
        }
        record(&register());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn each_series_is_looked_up_once_and_those_beyond_the_places_every_time() {
        let (handles, looked_up) = (Handles::<_, _, 2>::new(), RefCell::new(Vec::new()));
        let recorded = RefCell::new(String::new());
        for labels in ["a", "b", "a", "c", "b", "c"] {
            let register = || {
                looked_up.borrow_mut().push(labels);
                labels
            };
            handles.with(labels, register, |handle| recorded.borrow_mut().push_str(handle));
        }
        assert_eq!(looked_up.into_inner(), ["a", "b", "c", "c"]);
        assert_eq!(recorded.into_inner(), "abacbc");
    }
}
