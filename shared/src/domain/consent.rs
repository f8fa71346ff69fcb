//! What a user agreed to, and what they withdrew.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{BoundedText, names::named};

named! {
    /// What messages are sent for.
    Purpose, "purpose";
    /// The welcome and messages about the service.
    Onboarding = "onboarding",
    /// The tips of the day.
    Tips = "tips",
    /// Messages after a loss. No other grant implies it.
    SupportAfterLoss = "support_after_loss",
}

named! {
    /// The channels that a consent covers.
    ConsentChannel, "channel";
    /// Text messages.
    Sms = "sms",
    /// WhatsApp messages.
    Whatsapp = "whatsapp",
    /// Every channel.
    Any = "any",
}

named! {
    /// What a consent does.
    ConsentAction, "action";
    /// The user agrees.
    Grant = "grant",
    /// The user no longer agrees.
    Withdraw = "withdraw",
}

/// The most characters of the id of a wording.
pub const LONGEST_WORDING_ID: usize = 128;
/// The most characters of a wording.
pub const LONGEST_WORDING: usize = 2000;

/// One consent, given or withdrawn. `Debug` shows neither the wording nor the time.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "One consent, given or withdrawn.")]
pub struct Consent {
    /// What the messages are for.
    pub purpose: Purpose,
    /// The channel of the messages.
    pub channel: ConsentChannel,
    /// Whether the consent is given or withdrawn.
    pub action: ConsentAction,
    /// The publisher's id of the wording that the user saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording_id: Option<BoundedText<LONGEST_WORDING_ID>>,
    /// The wording that the user saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording: Option<BoundedText<LONGEST_WORDING>>,
    /// The time of the user's decision, RFC 3339. Missing: the time of the event. A time in the future counts as the time
    /// of receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<DateTime<Utc>>,
}

impl Consent {
    /// A consent of the time of its event, without a wording.
    pub fn new(purpose: Purpose, channel: ConsentChannel, action: ConsentAction) -> Self {
        Self { purpose, channel, action, wording_id: None, wording: None, at: None }
    }
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consent")
            .field("purpose", &self.purpose)
            .field("channel", &self.channel)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// 1 to [`Consents::MOST`] consents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("minItems" = 1, "maxItems" = 20))]
pub struct Consents(Vec<Consent>);

/// A list of consents is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConsents {
    /// The list is empty.
    #[error("consents is empty: give at least one")]
    Empty,
    /// The list exceeds [`Consents::MOST`].
    #[error("consents has more than {} entries: publish several events", Consents::MOST)]
    TooMany,
}

impl Consents {
    /// The most consents of one event.
    pub const MOST: usize = 20;

    /// Checks the number of consents.
    pub fn new(consents: Vec<Consent>) -> Result<Self, BadConsents> {
        match consents.len() {
            0 => Err(BadConsents::Empty),
            1..=Self::MOST => Ok(Self(consents)),
            _ => Err(BadConsents::TooMany),
        }
    }

    /// The consents, in the order of the event.
    pub fn as_slice(&self) -> &[Consent] {
        &self.0
    }

    /// The consents, in the order of the event.
    pub fn into_vec(self) -> Vec<Consent> {
        self.0
    }
}

impl IntoIterator for Consents {
    type Item = Consent;
    type IntoIter = std::vec::IntoIter<Consent>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::assert_names;

    #[test]
    fn names_round_trip_in_text_and_json() {
        assert_names!(Purpose);
        assert_names!(ConsentChannel);
        assert_names!(ConsentAction);
    }

    #[test]
    fn a_list_holds_1_to_20_consents() {
        let consent = Consent::new(Purpose::Tips, ConsentChannel::Any, ConsentAction::Withdraw);
        assert_eq!(Consents::new(Vec::new()), Err(BadConsents::Empty));
        assert_eq!(Consents::new(vec![consent.clone(); 21]), Err(BadConsents::TooMany));
        assert_eq!(Consents::new(vec![consent; 20]).map(|list| list.as_slice().len()), Ok(20));
    }

    #[test]
    fn debug_shows_neither_wording_nor_time() {
        let consent = Consent {
            wording_id: BoundedText::new("form-7").ok(),
            wording: BoundedText::new("I agree, Sita").ok(),
            at: Some("2026-03-01T04:54:58Z".parse().unwrap()),
            ..Consent::new(Purpose::Tips, ConsentChannel::Sms, ConsentAction::Grant)
        };
        let text = format!("{consent:?}");
        assert!(text.contains("Tips") && !text.contains("Sita") && !text.contains("2026"), "{text}");
    }
}
