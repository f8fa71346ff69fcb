//! What the tests of templates share.

use shared::templates::registry::ApprovalStatus;
pub(crate) use shared::templates::registry::fixtures::{BODY, mapped, place, sid};

use crate::twilio::ContentRecord;

/// What Twilio says of the content with this number.
pub(crate) fn record(n: u32, status: &str) -> ContentRecord {
    let content = mapped().content;
    ContentRecord {
        sid: sid(n).parse().unwrap(),
        friendly_name: format!("tip_{n}"),
        language: content.template_language,
        category: content.category,
        status: ApprovalStatus::parse(status),
        rejection_reason: String::new(),
        placeholders: content.placeholders.into_iter().collect(),
        body: content.body,
        updated_at: None,
    }
}
