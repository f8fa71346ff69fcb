//! The texts that are part of the program, by kind, slot and language.

use super::{Language, Wording, welcome};
use crate::domain::MessageKind;

/// The wording of a message that carries none of its own. `None`: there is no such text, so the message cannot be sent.
pub fn of(kind: MessageKind, slot: &str, language: Language) -> Option<&'static Wording> {
    match (kind, slot) {
        (MessageKind::Welcome, "welcome") => Some(welcome(language)),
        (MessageKind::Welcome | MessageKind::Tip | MessageKind::Notice | MessageKind::Reply, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_without_a_text_has_no_wording() {
        assert!(of(MessageKind::Welcome, "welcome", Language::Ne).is_some());
        for kind in MessageKind::ALL {
            assert!(of(kind, "no such slot", Language::En).is_none(), "{kind}");
        }
    }
}
