//! WhatsApp, through approved templates. Source of what its codes mean: Twilio's error dictionary and its map of WhatsApp's
//! own codes, in `codes.tsv`.

use shared::templates::Content;

use super::{channel::Channel, refusal::Refusal};
use crate::twilio::{Absence, Class, CreateMessage, MessageRecord, Sender, WHATSAPP_PREFIX};

/// How long Twilio may keep a message queued. WhatsApp itself keeps it up to 30 days for a phone that is off, which no
/// parameter of Twilio changes.
const VALIDITY_SECONDS: u32 = 14_400;

/// WhatsApp messages from one sender, or from that of the Messaging Service.
pub(crate) struct Whatsapp {
    sender: Sender,
}

impl Whatsapp {
    pub(crate) fn new(sender: Sender) -> Self {
        Self { sender }
    }
}

/// What follows from an error of this class.
pub(super) fn refusal(class: Class) -> Refusal {
    match class {
        Class::Unreachable(absence) => Refusal::Unreachable(absence),
        // The number may be good for another channel.
        Class::Recipient => Refusal::Unreachable(Absence::ONE_DAY),
        Class::Declined => Refusal::Declined,
        Class::Template => Refusal::Template,
        Class::Sender { .. } => Refusal::Sender,
        other => Refusal::of(other),
    }
}

impl Channel for Whatsapp {
    fn name(&self) -> &'static str {
        shared::domain::Channel::Whatsapp.as_str()
    }

    fn prefix(&self) -> &'static str {
        WHATSAPP_PREFIX
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
        refusal(class)
    }

    fn is_ours(&self, record: &MessageRecord) -> bool {
        record.is_from(&self.sender) && record.to.as_deref().is_some_and(|to| to.starts_with(WHATSAPP_PREFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::{FaultScope, classify_status};

    fn channel() -> Whatsapp {
        Whatsapp::new(Sender::From("whatsapp:+14155238886".to_owned()))
    }

    #[test]
    fn an_address_has_the_prefix_of_the_channel() {
        assert_eq!(channel().address("+9779841234567"), "whatsapp:+9779841234567");
    }

    #[test]
    fn a_fault_of_template_or_sender_is_none_of_the_account() {
        let of = |code| channel().classify(classify_status(code));
        assert_eq!(of(63_041), Refusal::Template);
        assert_eq!(of(63_007), Refusal::Sender);
        assert_eq!(of(63_051), Refusal::Sender);
        assert_eq!(of(63_014), Refusal::Declined);
        assert!(matches!(of(63_003), Refusal::Unreachable(_)));
        assert!(matches!(of(63_999), Refusal::Unreachable(_)));
        assert_eq!(of(20_003), Refusal::Fault(FaultScope::Account));
        assert_eq!(of(21_610), Refusal::OptedOut);
        for code in [63_041, 63_007] {
            assert!(!of(code).uses_attempt(), "{code}");
        }
    }
}
