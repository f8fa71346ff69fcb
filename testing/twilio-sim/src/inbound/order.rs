//! One inbound message as a test describes it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::faults::Signing;
use crate::time::duration;

/// A message of a person to a sender of the account, and how its webhook is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The application's webhook; absent: the `callback_url` of the WhatsApp sender.
    pub(super) url: Option<String>,
    /// The URL that is signed, if a proxy stands between.
    pub(super) signed_url: Option<String>,
    /// E.164, `whatsapp:` and E.164, or a business-scoped user id such as `whatsapp:NP.1234567890`.
    pub(super) from: String,
    /// A sender of the account.
    pub(super) to: String,
    pub(super) body: Option<String>,
    /// How often the webhook is called.
    #[serde(default = "one")]
    pub(super) copies: u16,
    /// All copies at the same time.
    #[serde(default)]
    pub(super) parallel: bool,
    /// From the creation of the message to the first call, by the clock of messages.
    #[serde(default, deserialize_with = "duration")]
    pub(super) delay: Duration,
    /// Further tries after a failure; absent: as the URL's fragment says, else 1.
    pub(super) retries: Option<u32>,
    #[serde(default)]
    pub(super) signature: Signature,
    /// False: the webhook is not called, and only lists show the message.
    #[serde(default = "yes")]
    pub(super) deliver: bool,
    /// Absent: minted.
    pub(super) sid: Option<String>,
    /// `AccountSid` of the webhook, if not the account's own.
    pub(super) account_sid: Option<String>,
    /// The Messaging Service of the sender.
    pub(super) messaging_service_sid: Option<String>,
    pub(super) button: Option<Button>,
    pub(super) list: Option<Choice>,
    #[serde(default)]
    pub(super) media: Vec<MediaOrder>,
    pub(super) location: Option<Location>,
    /// An emoji.
    pub(super) reaction: Option<String>,
    /// The message that the person answers, reacts to, or whose button they press.
    pub(super) replied_sid: Option<String>,
    pub(super) message_type: Option<String>,
    pub(super) profile_name: Option<String>,
    pub(super) wa_id: Option<String>,
    pub(super) external_user_id: Option<String>,
    /// Form fields to set, or with null to leave out, whatever else is said.
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Option<String>>,
}

/// The `X-Twilio-Signature` of the webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Signature {
    #[default]
    Good,
    /// Made with another token.
    Wrong,
    /// No header.
    None,
}

impl From<Signature> for Signing {
    fn from(signature: Signature) -> Self {
        match signature {
            Signature::Good => Self::Right,
            Signature::Wrong => Self::Wrong,
            Signature::None => Self::Missing,
        }
    }
}

/// A pressed quick-reply button.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Button {
    pub(super) text: String,
    pub(super) payload: String,
}

/// A chosen item of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) title: String,
}

/// An attached file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaOrder {
    /// Absent: the simulator's own media resource.
    pub(super) url: Option<String>,
    pub(super) content_type: String,
    /// Its bytes in base64. Absent: a short text.
    pub(super) data: Option<String>,
    /// Filled up to this size, in bytes.
    #[serde(default)]
    pub(super) size: usize,
}

impl MediaOrder {
    /// The bytes; none if `data` is not base64.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = match &self.data {
            Some(data) => STANDARD.decode(data).ok()?,
            None => format!("{}\n", self.content_type).into_bytes(),
        };
        bytes.resize(self.size.max(bytes.len()), b'.');
        Some(bytes)
    }
}

/// A place on a map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Location {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) address: Option<String>,
    pub(super) label: Option<String>,
}

fn one() -> u16 {
    1
}

fn yes() -> bool {
    true
}
