//! Text messages, from a Messaging Service or a plain sender.

use shared::templates::Content;

use super::{channel::Channel, refusal::Refusal};
use crate::twilio::{Class, CreateMessage, MessageRecord, Sender};

/// How long Twilio may keep a message queued: a welcome must not arrive at night.
const VALIDITY_SECONDS: u32 = 14_400;

/// Text messages from one sender.
pub(crate) struct Sms {
    sender: Sender,
}

impl Sms {
    pub(crate) fn new(sender: Sender) -> Self {
        Self { sender }
    }
}

impl Channel for Sms {
    fn name(&self) -> &'static str {
        "sms"
    }

    fn prefix(&self) -> &'static str {
        ""
    }

    fn request<'a>(&'a self, address: &'a str, content: &'a Content) -> CreateMessage<'a> {
        CreateMessage {
            to: address,
            sender: &self.sender,
            content,
            validity_period: VALIDITY_SECONDS,
            status_callback: None,
            traceparent: None,
        }
    }

    fn classify(&self, class: Class) -> Refusal {
        Refusal::of(class)
    }

    fn is_ours(&self, record: &MessageRecord) -> bool {
        // A Messaging Service may have senders of other channels.
        record.is_from(&self.sender) && !record.to.as_deref().is_some_and(|to| to.contains(':'))
    }
}
