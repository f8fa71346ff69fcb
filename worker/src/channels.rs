//! Ways to reach a person. A channel knows how its addresses and requests look, what a refusal means, and which listed
//! messages are ours. How a message is claimed, sent and settled is the pipeline's.

mod refusal;
mod sms;

use std::borrow::Cow;

use shared::templates::Wording;

pub(crate) use refusal::Refusal;
pub(crate) use sms::Sms;

use crate::twilio::{Class, CreateMessage, MessageRecord};

/// One way to reach a person.
pub(crate) trait Channel: Send + Sync {
    /// The label of metrics and log lines.
    fn name(&self) -> &'static str;

    /// How Twilio writes the address of a number in E.164.
    fn address<'a>(&self, phone: &'a str) -> Cow<'a, str>;

    /// The request that sends `content` to an address, without callback and trace.
    fn request<'a>(&'a self, address: &'a str, content: &'a Wording) -> CreateMessage<'a>;

    /// What follows from a refusal, or from the error code of a message.
    fn classify(&self, class: Class) -> Refusal;

    /// Whether a message that Twilio lists was sent by this channel's sender.
    fn is_ours(&self, record: &MessageRecord) -> bool;
}
