//! The texts that are part of the program, by kind, slot and language.

use std::sync::LazyLock;

use super::{Content, Language, Wording, welcome};
use crate::domain::MessageKind;

/// The slot of a notice to staff that an urgent message waits. It goes out at any hour.
pub const STAFF_URGENT: &str = "staff_urgent";

static URGENT: LazyLock<Wording> =
    LazyLock::new(|| Wording::new(Language::En, Content::Text("Aamcare: an urgent message waits".into())));

/// The wording of a message that carries none of its own. `None`: the text does not exist, so the message cannot be sent.
pub fn of(kind: MessageKind, slot: &str, language: Language) -> Option<&'static Wording> {
    match (kind, slot) {
        (MessageKind::Welcome, "welcome") => Some(welcome(language)),
        (MessageKind::Notice, STAFF_URGENT) => Some(&URGENT),
        (MessageKind::Welcome | MessageKind::Tip | MessageKind::Notice | MessageKind::Reply, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_without_a_text_has_no_wording() {
        assert!(of(MessageKind::Welcome, "welcome", Language::Ne).is_some());
        let notice = of(MessageKind::Notice, STAFF_URGENT, Language::Ne).unwrap();
        assert_eq!(notice.segments().segments, 1);
        for kind in MessageKind::ALL {
            assert!(of(kind, "no such slot", Language::En).is_none(), "{kind}");
        }
    }
}
