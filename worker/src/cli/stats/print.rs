//! The counts as text and as comma-separated values.

use std::{fmt::Write as _, io};

use shared::cli::output;

use super::figures::Figures;

pub(super) fn text(figures: &Figures) -> String {
    let mut text = String::new();
    // Err, here and below: writing to a String cannot fail.
    let _ = writeln!(text, "{:<11} {:<14} {:<18} {:>9}", "state", "welcome", "reason", "users");
    for group in &figures.groups {
        let reason = group.reason.as_deref().unwrap_or("-");
        let (state, welcome, users) = (&group.state, &group.welcome, group.users);
        let _ = writeln!(text, "{state:<11} {welcome:<14} {reason:<18} {users:>9}");
    }
    let _ = writeln!(text, "{:<45} {:>9}\n", "all", figures.users);
    for (name, value) in figures.named() {
        let _ = writeln!(text, "{name:<45} {value:>9}");
    }
    text
}

/// One row for each group of users, then one for each other count.
pub(super) fn csv(figures: &Figures) -> io::Result<String> {
    let groups = figures.groups.iter().map(|group| {
        let reason = group.reason.clone().unwrap_or_default();
        let (state, welcome) = (group.state.clone(), group.welcome.clone());
        vec!["users".to_owned(), state, welcome, reason, group.users.to_string()]
    });
    let named = figures.named().into_iter().map(|(name, value)| {
        let empty = String::new;
        vec![name.to_owned(), empty(), empty(), empty(), value.to_string()]
    });
    output::csv_of(&["figure", "state", "welcome", "reason", "value"], groups.chain(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::lane::QueueLane;

    use crate::store::counts::{Backlog, DeadLetters, Group, LastHour, Unknown};

    fn figures() -> Figures {
        let group = |reason: Option<&str>, users| Group {
            state: "registered".to_owned(),
            welcome: "delivered".to_owned(),
            reason: reason.map(str::to_owned),
            users,
        };
        let last_hour =
            LastHour { accepted_last_minute: 1, accepted: 2, refused: 3, delivered: 4, not_delivered: 5 };
        let backlog = [Backlog { lane: QueueLane::Live, received: 6, due: 7 }];
        let unknown = Unknown { checking: 0, parked: 9 };
        let letters = DeadLetters { open: 10, open_last_hour: 11, replayed: 0, dropped: 0 };
        let groups = vec![group(None, 40), group(Some("shared_phone"), 2)];
        Figures::new(groups, &last_hour, &backlog, unknown, letters)
    }

    #[test]
    fn the_groups_end_with_their_sum() {
        let text = super::text(&figures());
        assert!(text.lines().any(|l| l.starts_with("all ") && l.ends_with(" 42")), "{text}");
        assert!(text.lines().any(|l| l.starts_with("parked ") && l.ends_with(" 9")), "{text}");
    }

    #[test]
    fn every_csv_line_has_five_fields() {
        let text = csv(&figures()).unwrap();
        assert_eq!(text.lines().count(), 1 + 2 + 11);
        for line in text.lines() {
            let bare = line.split('"').step_by(2).collect::<String>();
            assert_eq!(bare.matches(',').count(), 4, "{line}");
        }
    }
}
