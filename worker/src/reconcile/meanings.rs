//! What the status of a message means for its recipient, for its template, and for a fallback.

use std::time::Duration;

use shared::domain::MessageKind;

use crate::{
    channels::{self, Refusal},
    config::WhatsappConfig,
    store::{
        fallbacks::Offer,
        reported::{Meaning, Meanings, Recipient},
    },
    twilio::{MessageStatus, allows_fallback, classify_status},
};

/// When a message that did not arrive by WhatsApp may go by SMS. By default, none may.
#[derive(Debug, Clone, Default)]
pub(crate) struct FallbackRule {
    /// The kinds that list SMS behind WhatsApp.
    pub(crate) kinds: Vec<MessageKind>,
    /// So long after the first claim.
    pub(crate) within: Duration,
}

impl FallbackRule {
    /// As set.
    pub(crate) fn of(config: &WhatsappConfig) -> Self {
        Self { kinds: config.fallback_kinds(), within: config.fallback_within }
    }

    /// What a failed status of a message offers.
    fn offer(&self, code: u32) -> Option<Offer> {
        let allowed = !self.kinds.is_empty() && allows_fallback(code);
        allowed.then(|| Offer {
            code: i32::try_from(code).unwrap_or(i32::MAX),
            kinds: self.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            within: self.within,
        })
    }
}

impl Meanings for FallbackRule {
    fn of(&self, channel: &str, status: &str, error_code: Option<i32>) -> Meaning {
        let status = MessageStatus::parse(status);
        if matches!(status, MessageStatus::Delivered | MessageStatus::Read) {
            return Meaning { recipient: Recipient::Reached, ..Meaning::default() };
        }
        let Some(code) = error_code.and_then(|code| u32::try_from(code).ok()) else {
            return Meaning::default();
        };
        let failed = matches!(status, MessageStatus::Failed | MessageStatus::Undelivered);
        let refusal = channels::refusal(channel, classify_status(code));
        let recipient = match refusal {
            Refusal::OptedOut => Recipient::OptedOut,
            Refusal::Declined => Recipient::Declined,
            Refusal::Unreachable(absence) if failed => Recipient::Unreachable(absence),
            _ => Recipient::Nothing,
        };
        let fallback = if failed { self.offer(code) } else { None };
        Meaning { recipient, fallback, template: refusal == Refusal::Template }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kinds: &[MessageKind]) -> FallbackRule {
        FallbackRule { kinds: kinds.to_vec(), within: Duration::from_secs(60) }
    }

    #[test]
    fn only_a_failure_with_a_code_that_allows_it_offers_a_fallback() {
        let rule = rule(&[MessageKind::Welcome]);
        let offers = |status, code| rule.of("whatsapp", status, code).fallback.is_some();
        assert!(offers("failed", Some(63_003)) && offers("undelivered", Some(63_041)));
        for (status, code) in
            [("sent", Some(63_003)), ("failed", None), ("failed", Some(63_014)), ("read", Some(63_003))]
        {
            assert!(!offers(status, code), "{status} {code:?}");
        }
        let none = self::rule(&[]).of("whatsapp", "failed", Some(63_003));
        assert!(none.fallback.is_none());
    }

    #[test]
    fn a_status_means_the_same_where_no_sender_of_the_channel_is_set() {
        let rule = rule(&[]);
        let recipient = |code| rule.of("whatsapp", "failed", Some(code)).recipient;
        assert!(matches!(recipient(63_003), Recipient::Unreachable(_)));
        assert_eq!((recipient(63_014), recipient(21_610)), (Recipient::Declined, Recipient::OptedOut));
        assert!(rule.of("whatsapp", "failed", Some(63_041)).template);
        assert_eq!(rule.of("sms", "failed", Some(30_003)).recipient, Recipient::Nothing);
        assert_eq!(rule.of("sms", "delivered", None).recipient, Recipient::Reached);
    }
}
