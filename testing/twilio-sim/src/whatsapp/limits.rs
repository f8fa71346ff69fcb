//! The limits of WhatsApp: messages per second, distinct people per day, messages of the account per day.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// 24 hours in milliseconds.
pub(crate) const DAY_MS: i64 = 24 * 3_600_000;
const SECOND_US: u128 = 1_000_000;

/// Recent messages and people. Rates follow the real clock, days the clock that tests move.
#[derive(Debug)]
pub(crate) struct Limits {
    started: Instant,
    cap_at_start: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cap: Option<u32>,
    /// Times of the messages of the last 24 hours.
    account: VecDeque<i64>,
    /// Microseconds of the messages of the last second, by sender.
    rates: HashMap<String, VecDeque<u128>>,
    people: People,
}

/// The people of the last 24 hours. The messaging limit counts them for all senders of a business together (Meta
/// docs, "Messaging limits").
#[derive(Debug, Default)]
struct People {
    last: HashMap<Arc<str>, i64>,
    /// Every message to one of them, oldest first.
    order: VecDeque<(i64, Arc<str>)>,
}

impl Limits {
    pub(crate) fn new(cap: Option<u32>) -> Self {
        let state = Mutex::new(State { cap, ..State::default() });
        Self { started: Instant::now(), cap_at_start: cap, state }
    }

    /// Messages of the account per 24 hours, error 63038; none means unlimited.
    pub(crate) fn set_daily_cap(&self, cap: Option<u32>) {
        self.lock().cap = cap;
    }

    /// Counts a message of the account. Returns false if its cap is reached. It is not documented when Twilio's day
    /// begins: here it is the last 24 hours.
    pub(crate) fn take_of_account(&self, now_ms: i64) -> bool {
        let mut state = self.lock();
        let Some(cap) = state.cap else { return true };
        while state.account.front().is_some_and(|at| at + DAY_MS <= now_ms) {
            state.account.pop_front();
        }
        let free = state.account.len() < usize::try_from(cap).unwrap_or(usize::MAX);
        if free {
            state.account.push_back(now_ms);
        }
        free
    }

    /// Counts a message of a sender. Returns false if it has sent `mps` messages within the last second.
    pub(crate) fn take_of_second(&self, sender: &str, mps: u32) -> bool {
        if mps == 0 {
            return true;
        }
        let mut state = self.lock();
        // Read under the lock: the window needs times in order.
        let now = self.started.elapsed().as_micros();
        let recent = match state.rates.get_mut(sender) {
            Some(recent) => recent,
            None => state.rates.entry(sender.to_owned()).or_default(),
        };
        while recent.front().is_some_and(|at| at + SECOND_US <= now) {
            recent.pop_front();
        }
        let free = recent.len() < usize::try_from(mps).unwrap_or(usize::MAX);
        if free {
            recent.push_back(now);
        }
        free
    }

    /// Counts a person for a message outside a window. Returns false if `limit` others count within 24 hours.
    pub(crate) fn take_person(&self, person: &str, limit: Option<u32>, now_ms: i64) -> bool {
        let Some(limit) = limit else { return true };
        self.lock().people.take(person, usize::try_from(limit).unwrap_or(usize::MAX), now_ms)
    }

    pub(crate) fn reset(&self) {
        *self.lock() = State { cap: self.cap_at_start, ..State::default() };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    fn take(&mut self, person: &str, limit: usize, now_ms: i64) -> bool {
        while let Some((at, _)) = self.order.front()
            && at + DAY_MS <= now_ms
        {
            if let Some((at, old)) = self.order.pop_front()
                && self.last.get(&old) == Some(&at)
            {
                self.last.remove(&old);
            }
        }
        let known = self.last.get_key_value(person).map(|(known, _)| Arc::clone(known));
        if known.is_none() && self.last.len() >= limit {
            return false;
        }
        let person = known.unwrap_or_else(|| person.into());
        self.last.insert(Arc::clone(&person), now_ms);
        self.order.push_back((now_ms, person));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_count_once_in_any_day() {
        let limits = Limits::new(None);
        let take = |person: &str, now_ms| limits.take_person(person, Some(2), now_ms);
        assert_eq!([take("+1", 0), take("+2", 5), take("+3", 6), take("+1", 7)], [true, true, false, true]);
        assert!(!take("+3", DAY_MS), "the person of moment 0 came again at moment 7");
        assert!(take("+3", DAY_MS + 5));
        assert!(limits.take_person("+4", None, 0));
    }

    #[test]
    fn the_account_has_a_cap() {
        let limits = Limits::new(Some(1));
        assert_eq!([0, 1, DAY_MS].map(|now| limits.take_of_account(now)), [true, false, true]);
        limits.set_daily_cap(None);
        assert!(limits.take_of_account(DAY_MS + 1));
        limits.reset();
        assert_eq!([0, 1].map(|now| limits.take_of_account(now)), [true, false]);
    }

    #[test]
    fn a_sender_has_a_rate() {
        let limits = Limits::new(None);
        let sent = (0..10).filter(|_| limits.take_of_second("whatsapp:+1", 3)).count();
        assert_eq!(sent, 3);
        assert!(limits.take_of_second("whatsapp:+2", 3) && limits.take_of_second("whatsapp:+1", 0));
    }
}
