//! Customer service windows: 24 hours from a person's last message to a sender (Meta docs, "Pricing").

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::limits::DAY_MS;
use crate::channel::person;

/// When each window was opened last, by sender and person.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    opened: HashMap<(String, String), i64>,
    /// Phones of people, by the user id under which they may write too.
    phones: HashMap<String, String>,
}

impl Windows {
    /// Opens the window between a sender and a person, or opens it again. The channel prefix may be absent.
    pub(crate) fn open(&self, sender: &str, from: &str, now_ms: i64) {
        self.lock().opened.insert(key(sender, from), now_ms);
    }

    /// Opens the window of a person who wrote, under the phone and under the user id as far as both are known.
    pub(crate) fn received(&self, sender: &str, from: &str, user_id: &str, now_ms: i64) {
        let mut state = self.lock();
        if from != user_id {
            state.phones.insert(user_id.to_owned(), from.to_owned());
        }
        let phone = state.phones.get(user_id).cloned();
        for address in [Some(from), Some(user_id), phone.as_deref()].into_iter().flatten() {
            state.opened.insert(key(sender, address), now_ms);
        }
    }

    /// Whether any window was ever opened.
    pub(crate) fn exist(&self) -> bool {
        !self.lock().opened.is_empty()
    }

    pub(crate) fn is_open(&self, sender: &str, to: &str, now_ms: i64) -> bool {
        self.lock().opened.get(&key(sender, to)).is_some_and(|opened| now_ms - opened < DAY_MS)
    }

    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(sender: &str, other: &str) -> (String, String) {
    (person(sender).to_owned(), person(other).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_for_a_day() {
        let windows = Windows::default();
        windows.open("whatsapp:+1", "whatsapp:+977", 1_000);
        assert!(windows.is_open("whatsapp:+1", "+977", 1_000 + DAY_MS - 1));
        assert!(!windows.is_open("whatsapp:+1", "+977", 1_000 + DAY_MS));
        assert!(!windows.is_open("whatsapp:+2", "+977", 1_000));
    }

    #[test]
    fn a_person_has_one_window_under_both_addresses() {
        let windows = Windows::default();
        let (sender, phone, user_id) = ("whatsapp:+1", "whatsapp:+977", "whatsapp:NP.1");
        windows.received(sender, phone, user_id, 0);
        assert!(windows.is_open(sender, phone, 1) && windows.is_open(sender, user_id, 1));
        windows.received(sender, user_id, user_id, DAY_MS);
        assert!(windows.is_open(sender, phone, DAY_MS + 1));
    }
}
