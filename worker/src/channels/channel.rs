//! What a channel has to know.

use std::borrow::Cow;

use shared::templates::Content;

use super::refusal::Refusal;
use crate::twilio::{Class, CreateMessage, MessageRecord};

/// One way to reach a user.
pub(crate) trait Channel: Send + Sync {
    /// The stable name: it is stored, logged and used as a metric label.
    fn name(&self) -> &'static str;

    /// What Twilio writes before a number in an address of this channel; empty for text messages.
    fn prefix(&self) -> &'static str;

    /// The request that sends `content` to an address, without callback and trace.
    fn request<'a>(&'a self, address: &'a str, content: &'a Content) -> CreateMessage<'a>;

    /// What follows from a refusal, or from the error code of a message.
    fn classify(&self, class: Class) -> Refusal;

    /// Whether a message that Twilio lists was sent by this channel's sender.
    fn is_ours(&self, record: &MessageRecord) -> bool;

    /// How Twilio writes the address of a number in E.164.
    fn address<'a>(&self, phone: &'a str) -> Cow<'a, str> {
        match self.prefix() {
            "" => Cow::Borrowed(phone),
            prefix => Cow::Owned(format!("{prefix}{phone}")),
        }
    }
}
