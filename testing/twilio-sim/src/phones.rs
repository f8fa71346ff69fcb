//! Phones that are off, and the messages that wait for them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::channel::person;

/// The state of a [`Hold`] while the phone is off.
const WAITING: i64 = i64::MAX;
/// The state of a [`Hold`] that outlived its time to live.
const DROPPED: i64 = i64::MIN;

/// The callbacks of a message that wait for the phone.
pub(crate) type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A message's delivery while the phone is off.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Until when the message is kept, in milliseconds since the Unix epoch; none means without limit.
    keep_until: Option<i64>,
    /// When the phone was switched on, likewise, or one of the constants above.
    released: AtomicI64,
}

impl Hold {
    /// A message that is kept for `ttl_ms` after `created_ms`; without it, without limit.
    pub(crate) fn new(created_ms: i64, ttl_ms: Option<i64>) -> Self {
        Self { keep_until: ttl_ms.map(|ttl| created_ms + ttl), released: AtomicI64::new(WAITING) }
    }

    /// When the message left the queue for the phone; none while it waits, and for a dropped message.
    pub(crate) fn released_ms(&self) -> Option<i64> {
        let at = self.released.load(Ordering::Acquire);
        (at != WAITING && at != DROPPED).then_some(at)
    }

    /// False if the message is too old; then it stays `sent`, without notice (Meta docs, "Time-to-live").
    fn release(&self, now_ms: i64) -> bool {
        let alive = self.keep_until.is_none_or(|until| now_ms <= until);
        self.released.store(if alive { now_ms } else { DROPPED }, Ordering::Release);
        alive
    }
}

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        self.keep_until == other.keep_until && self.released_ms() == other.released_ms()
    }
}

impl Eq for Hold {}

/// The phones of all people. Those that are not mentioned are on.
#[derive(Default)]
pub(crate) struct Phones {
    state: Mutex<State>,
    /// Whether a phone is off. If not, a message does not take the lock.
    any_off: AtomicBool,
}

#[derive(Default)]
struct State {
    off: HashSet<String>,
    waiting: HashMap<String, Vec<Waiting>>,
}

/// A message and its callbacks still to be sent, if it has a callback URL.
struct Waiting {
    hold: Arc<Hold>,
    rest: Option<Rest>,
}

/// The messages that a phone got when it was switched on.
pub(crate) struct Released {
    /// Their callbacks, in the order in which the messages were accepted.
    pub(crate) rest: Vec<Rest>,
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
}

impl Phones {
    pub(crate) fn switch_off(&self, address: &str) {
        self.lock().off.insert(person(address).to_owned());
        self.any_off.store(true, Ordering::Release);
    }

    pub(crate) fn is_off(&self, address: &str) -> bool {
        self.any_off.load(Ordering::Acquire) && self.lock().off.contains(person(address))
    }

    /// Keeps a message until the phone is switched on.
    pub(crate) fn hold(&self, address: &str, hold: Arc<Hold>, rest: Option<Rest>) {
        self.lock().waiting.entry(person(address).to_owned()).or_default().push(Waiting { hold, rest });
    }

    /// Switches the phone on and releases its messages.
    pub(crate) fn switch_on(&self, address: &str, now_ms: i64) -> Released {
        let waiting = {
            let mut state = self.lock();
            state.off.remove(person(address));
            self.any_off.store(!state.off.is_empty(), Ordering::Release);
            state.waiting.remove(person(address)).unwrap_or_default()
        };
        let mut released = Released { rest: Vec::new(), delivered: 0, dropped: 0 };
        for Waiting { hold, rest } in waiting {
            if hold.release(now_ms) {
                released.delivered += 1;
                released.rest.extend(rest);
            } else {
                released.dropped += 1;
            }
        }
        released
    }

    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
        self.any_off.store(false, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Phones {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let waiting: usize = state.waiting.values().map(Vec::len).sum();
        out.debug_struct("Phones").field("off", &state.off).field("waiting", &waiting).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_messages_are_dropped_without_notice() {
        let phones = Phones::default();
        phones.switch_off("whatsapp:+977");
        assert!(phones.is_off("+977") && !phones.is_off("+1"));
        let (old, new) = (Arc::new(Hold::new(0, Some(10))), Arc::new(Hold::new(5, Some(10))));
        for hold in [&old, &new] {
            phones.hold("whatsapp:+977", Arc::clone(hold), None);
        }
        let released = phones.switch_on("+977", 12);
        assert_eq!((released.delivered, released.dropped), (1, 1));
        assert_eq!((old.released_ms(), new.released_ms()), (None, Some(12)));
        assert!(!phones.is_off("+977"));
        assert_eq!(phones.switch_on("+977", 13).delivered, 0);
    }
}
