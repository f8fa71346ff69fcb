//! An inbound message, as Twilio's form or list describes it.
//!
//! Source of the fields: Twilio's documentation, "Twilio's request to your incoming message webhook URL". Fields are added
//! without notice, so those that are not known are ignored.

use std::fmt;

use shared::{domain::Channel, phone::E164};
use url::form_urlencoded;

use crate::twilio::{MessageRecord, MessageSid, Sender, ServiceSid, WHATSAPP_PREFIX};

/// Longer ids and payloads are cut: ours are shorter.
const LONGEST_ID: usize = 140;

/// Who wrote. WhatsApp may name an id of its own instead of a number, or beside it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Author {
    Number(E164),
    /// The id that WhatsApp gave the person towards this business, without `whatsapp:`.
    ExternalId(String),
    Both(E164, String),
}

impl Author {
    fn of(number: Option<E164>, external_id: Option<String>) -> Option<Self> {
        match (number, external_id) {
            (Some(number), Some(id)) => Some(Self::Both(number, id)),
            (Some(number), None) => Some(Self::Number(number)),
            (None, Some(id)) => Some(Self::ExternalId(id)),
            (None, None) => None,
        }
    }

    pub(crate) fn number(&self) -> Option<&E164> {
        match self {
            Self::Number(number) | Self::Both(number, _) => Some(number),
            Self::ExternalId(_) => None,
        }
    }

    pub(crate) fn external_id(&self) -> Option<&str> {
        match self {
            Self::ExternalId(id) | Self::Both(_, id) => Some(id),
            Self::Number(_) => None,
        }
    }
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Author(…)")
    }
}

/// What a message consists of beside its text. The content of anything but text is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageType {
    Text,
    /// The button of a template, or an entry of a list, was pressed.
    Button,
    Media,
    Location,
    Contacts,
    Reaction,
    Other,
}

impl MessageType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Button => "button",
            Self::Media => "media",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::Reaction => "reaction",
            Self::Other => "other",
        }
    }

    fn of(named: Option<&str>, pressed: bool, media: i16, located: bool) -> Self {
        match named {
            _ if pressed => Self::Button,
            Some("reaction") => Self::Reaction,
            Some("contacts") => Self::Contacts,
            _ if located => Self::Location,
            _ if media > 0 => Self::Media,
            Some("text") | None => Self::Text,
            Some("image" | "audio" | "video" | "document" | "sticker") => Self::Media,
            Some(_) => Self::Other,
        }
    }
}

/// One inbound message. `Debug` shows neither the person nor the text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) sid: MessageSid,
    pub(crate) channel: Channel,
    /// Our number that it was sent to, in E.164 or as a short code.
    pub(crate) to: String,
    pub(crate) author: Author,
    pub(crate) kind: MessageType,
    /// The id of the pressed button.
    pub(crate) payload: Option<String>,
    /// The message that it answers.
    pub(crate) answers: Option<MessageSid>,
    /// Files that came with it.
    pub(crate) media: i16,
    pub(crate) body: String,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({}, {}, {})", self.sid, self.channel, self.kind.as_str())
    }
}

/// Why a signed form is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error("of another account")]
    OtherAccount,
    #[error("to a sender that is not ours")]
    OtherSender,
    #[error("without a message SID, or an author")]
    Malformed,
}

/// The senders that people may write to.
#[derive(Debug, Clone)]
pub(crate) struct OurSenders {
    pub(crate) account: String,
    pub(crate) sms: Sender,
    pub(crate) whatsapp: Option<Sender>,
}

impl OurSenders {
    fn has(&self, channel: Channel, to: &str, service: Option<&str>) -> bool {
        let sender = match channel {
            Channel::Sms => Some(&self.sms),
            Channel::Whatsapp => self.whatsapp.as_ref(),
        };
        match sender {
            Some(Sender::From(from)) => from == to,
            Some(Sender::Service(sid)) => service == Some(sid.as_str()),
            None => false,
        }
    }
}

impl Incoming {
    /// Reads a form whose signature was checked.
    pub(crate) fn read(form: &[u8], ours: &OurSenders) -> Result<Self, NotTaken> {
        let fields = Fields(form);
        if fields.get("AccountSid").as_deref() != Some(ours.account.as_str()) {
            return Err(NotTaken::OtherAccount);
        }
        let sid = fields.get("MessageSid").ok_or(NotTaken::Malformed)?;
        let sid = MessageSid::parse(&sid).map_err(|_| NotTaken::Malformed)?;
        let (to, from) = (fields.get("To").unwrap_or_default(), fields.get("From").unwrap_or_default());
        let channel = if from.starts_with(WHATSAPP_PREFIX) { Channel::Whatsapp } else { Channel::Sms };
        if !ours.has(channel, &to, fields.get("MessagingServiceSid").as_deref()) {
            return Err(NotTaken::OtherSender);
        }
        let pressed = ["ButtonPayload", "ListId"].into_iter().find_map(|name| fields.id(name));
        let media = fields.get("NumMedia").and_then(|n| n.parse::<i16>().ok()).unwrap_or(0).max(0);
        Ok(Self {
            sid,
            channel,
            to: without_prefix(&to).to_owned(),
            author: author(&from, fields.get("ExternalUserId").as_deref()).ok_or(NotTaken::Malformed)?,
            kind: MessageType::of(
                fields.get("MessageType").as_deref(),
                pressed.is_some(),
                media,
                fields.get("Latitude").is_some(),
            ),
            payload: pressed,
            answers: fields.get("OriginalRepliedMessageSid").and_then(|sid| MessageSid::parse(&sid).ok()),
            media,
            body: fields.get("Body").unwrap_or_default(),
        })
    }
}

impl Incoming {
    /// Reads a message of Twilio's list, which has fewer fields than the form. None: not an inbound message to us.
    pub(crate) fn listed(record: &MessageRecord, ours: &OurSenders) -> Option<Self> {
        if record.direction.as_deref() != Some("inbound") {
            return None;
        }
        let (to, from) = (record.to.as_deref()?, record.from.as_deref()?);
        let channel = if from.starts_with(WHATSAPP_PREFIX) { Channel::Whatsapp } else { Channel::Sms };
        let service = record.messaging_service_sid.as_ref().map(ServiceSid::as_str);
        if !ours.has(channel, to, service) {
            return None;
        }
        let media = record.media.and_then(|n| i16::try_from(n).ok()).unwrap_or(0);
        Some(Self {
            sid: record.sid.clone()?,
            channel,
            to: without_prefix(to).to_owned(),
            author: author(from, None)?,
            kind: if media > 0 { MessageType::Media } else { MessageType::Text },
            payload: None,
            answers: None,
            media,
            body: record.body.clone().unwrap_or_default(),
        })
    }
}

/// A form, whose fields are few. Of a field that is there twice, the first counts.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.0).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A short id that is not empty.
    fn id(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| short_id(&value))
    }
}

/// The author behind `From`, and WhatsApp's id beside it.
fn author(from: &str, external_id: Option<&str>) -> Option<Author> {
    let address = without_prefix(from);
    let number = E164::parse(address).ok();
    let id = external_id.map(without_prefix).or(number.is_none().then_some(address)).and_then(short_id);
    Author::of(number, id)
}

fn short_id(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_ID).collect();
    (!kept.is_empty()).then_some(kept)
}

fn without_prefix(address: &str) -> &str {
    address.strip_prefix(WHATSAPP_PREFIX).unwrap_or(address)
}

#[cfg(test)]
mod tests;
