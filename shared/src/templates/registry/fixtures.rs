//! A mapping for tests, also those of other crates.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Content, Mapped, Place};
use crate::{
    domain::{Channel, MessageKind},
    templates::{Language, Slot, Variant},
};

/// The text of the template.
pub const BODY: &str = "Aamcare को आजको सन्देश। हप्ता {{1}}: {{2}} शुभ दिन।";

/// The SID with this number.
pub fn sid(n: u32) -> String {
    format!("HX{n:032x}")
}

/// The place of tips in pregnancy, in Nepali.
pub fn place(variant: Variant) -> Place {
    let (kind, slot, language) = (MessageKind::Tip, Slot::Pregnancy, Language::Ne);
    Place { kind, slot, language, channel: Channel::Whatsapp, variant }
}

/// A mapping that may be sent: `{{1}}` is the week, `{{2}}` the text.
pub fn mapped() -> Mapped {
    let pairs = [("1", "week"), ("2", "text")];
    let variables = pairs.map(|(name, field)| (name.to_owned(), field.to_owned()));
    Mapped {
        place: place(Variant::A),
        mapped_language: "hi".to_owned(),
        mapped_category: "UTILITY".to_owned(),
        variables: BTreeMap::from(variables),
        mapped_at: DateTime::<Utc>::UNIX_EPOCH,
        content: Content {
            content_sid: sid(1),
            friendly_name: "tip_pregnancy_a".to_owned(),
            template_language: "hi".to_owned(),
            category: "UTILITY".to_owned(),
            status: "approved".to_owned(),
            rejection_reason: String::new(),
            placeholders: vec!["1".to_owned(), "2".to_owned()],
            body: BODY.to_owned(),
            changed_at: DateTime::<Utc>::UNIX_EPOCH,
            removed_at: None,
            held_code: None,
        },
    }
}
