//! How many faults a scenario injected. The harness counts kills, cuts, outages and rules by itself; what a
//! scenario does by other means it counts here.

use std::cell::Cell;

thread_local! {
    // A scenario's body runs on its test's own thread from beginning to end.
    static INJECTED: Cell<usize> = const { Cell::new(0) };
}

/// Counts `faults` more faults for the scenario that runs on this thread.
pub fn injected(faults: usize) {
    INJECTED.set(INJECTED.get() + faults);
}

pub(crate) fn count() -> usize {
    INJECTED.get()
}
