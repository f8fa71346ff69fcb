//! Customer service windows: 24 hours from a person's last message to a sender (Meta docs, "Pricing").

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::limits::DAY_MS;
use crate::channel::person;

/// When each window was opened last, by sender and person.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<HashMap<(String, String), i64>>);

impl Windows {
    /// Opens the window between a sender and a person, or opens it again. The channel prefix may be absent.
    pub(crate) fn open(&self, sender: &str, from: &str, now_ms: i64) {
        self.lock().insert(key(sender, from), now_ms);
    }

    pub(crate) fn is_open(&self, sender: &str, to: &str, now_ms: i64) -> bool {
        let windows = self.lock();
        // Without windows, a message does not build a key.
        !windows.is_empty() && windows.get(&key(sender, to)).is_some_and(|opened| now_ms - opened < DAY_MS)
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), i64>> {
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
}
