//! The highest of an unbroken run of finished deliveries.

use std::collections::VecDeque;

use lapin::Acker;

/// Deliveries of one channel in order of their tags.
pub(super) struct Acks {
    first: u64,
    slots: VecDeque<(Acker, bool)>,
}

impl Acks {
    pub(super) fn new() -> Self {
        Self { first: 1, slots: VecDeque::new() }
    }

    pub(super) fn arrived(&mut self, tag: u64, acker: Acker) {
        debug_assert_eq!(self.first + self.slots.len() as u64, tag);
        self.slots.push_back((acker, false));
    }

    /// Marks these; gives what may be acked with `multiple`.
    pub(super) fn finished(&mut self, tags: &[u64]) -> Option<Acker> {
        for tag in tags {
            let at = usize::try_from(tag - self.first).ok();
            if let Some((_, finished)) = at.and_then(|at| self.slots.get_mut(at)) {
                *finished = true;
            }
        }
        let mut last = None;
        while let Some((acker, _)) = self.slots.pop_front_if(|(_, finished)| *finished) {
            self.first += 1;
            last = Some(acker);
        }
        last
    }
}
