//! The order in which events about people are handled.

use std::collections::{HashSet, VecDeque};

/// An event that waits for its turn.
struct Waiting<T> {
    /// None: nobody can tell whom it is about.
    user: Option<String>,
    /// It stops messages or takes that back.
    is_urgent: bool,
    event: T,
}

/// Events in hand. Urgent ones are taken first, and those of one user in the order in which they came.
pub(super) struct Backlog<T>(VecDeque<Waiting<T>>);

impl<T> Backlog<T> {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn push(&mut self, user: Option<String>, is_urgent: bool, event: T) {
        self.0.push_back(Waiting { user, is_urgent, event });
    }

    /// The next event and its user. Events of `failing` users are taken last.
    pub(super) fn take(&mut self, failing: &HashSet<String>) -> Option<(Option<String>, T)> {
        let fails = |waiting: &Waiting<T>| waiting.user.as_ref().is_some_and(|user| failing.contains(user));
        let first = |wanted: &dyn Fn(&Waiting<T>) -> bool| self.0.iter().position(wanted);
        let chosen = first(&|waiting| waiting.is_urgent && !fails(waiting))
            .or_else(|| first(&|waiting| !fails(waiting)))
            .or_else(|| first(&|_| true))?;
        // An urgent event may depend on what its user said before.
        let user = self.0.get(chosen)?.user.as_ref();
        let next = user.and_then(|user| first(&|waiting| waiting.user.as_ref() == Some(user)));
        self.0.remove(next.unwrap_or(chosen)).map(|waiting| (waiting.user, waiting.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken of events such as `ama 1`, of which those with an exclamation mark are urgent.
    fn order(events: &[&'static str], failing: &[&str]) -> Vec<&'static str> {
        let mut backlog = Backlog::new();
        for event in events {
            let user = event.split(' ').next().filter(|user| *user != "-").map(str::to_owned);
            backlog.push(user, event.ends_with('!'), *event);
        }
        let failing = failing.iter().map(|user| (*user).to_owned()).collect();
        std::iter::from_fn(|| backlog.take(&failing)).map(|(_, event)| event).collect()
    }

    #[test]
    fn urgent_events_come_first_and_those_of_one_user_in_their_order() {
        assert_eq!(order(&["ama 1", "ba 1", "ba 2!", "ba 3"], &[]), ["ba 1", "ba 2!", "ama 1", "ba 3"]);
        assert_eq!(order(&["ama 1", "- 1", "ba 1!", "ama 2!"], &[]), ["ba 1!", "ama 1", "ama 2!", "- 1"]);
        assert_eq!(order(&["- 1", "- 2!", "- 3"], &[]), ["- 2!", "- 1", "- 3"]);
    }

    #[test]
    fn events_of_a_user_whose_event_failed_hold_nobody_up() {
        assert_eq!(
            order(&["ama 1!", "ama 2", "ba 1", "cy 1!"], &["ama"]),
            ["cy 1!", "ba 1", "ama 1!", "ama 2"]
        );
        assert_eq!(order(&["ama 1", "ama 2!"], &["ama"]), ["ama 1", "ama 2!"]);
    }

    #[test]
    fn a_loss_is_taken_before_thousands_of_changed_profiles() {
        let mut backlog = Backlog::new();
        for n in 0..5_000 {
            backlog.push(Some(format!("u{n}")), false, n);
        }
        backlog.push(Some("ama".to_owned()), true, 5_000);
        assert_eq!(backlog.take(&HashSet::new()), Some((Some("ama".to_owned()), 5_000)));
        assert_eq!(backlog.take(&HashSet::new()), Some((Some("u0".to_owned()), 0)));
    }
}
