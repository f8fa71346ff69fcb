//! One accepted message.

use std::sync::Arc;

use super::lifecycle::{Lifecycle, Status, Step};
use crate::phones::Hold;
use crate::sid::MessageSid;
use crate::time::millis;

/// Where a message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) from: Option<String>,
    pub(crate) service: Option<String>,
}

/// The template that a message was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentContent {
    pub(crate) sid: String,
    /// `ContentVariables` as sent.
    pub(crate) variables: Option<String>,
}

/// The fields that only a WhatsApp message has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WhatsAppPart {
    /// `XE` SID of the sender.
    pub(crate) install_sid: String,
    /// The recipient's business-scoped user id, with `whatsapp:`.
    pub(crate) user_id: String,
}

/// Everything known of an accepted message. Never changes: its status follows from its age, and from the moment in
/// which a phone that was off is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sid: MessageSid,
    /// Position in the ledger, from 0; set when it is stored.
    pub(crate) sequence: u64,
    pub(crate) to: String,
    pub(crate) origin: Origin,
    /// Who sends when a service chose.
    pub(crate) chosen_sender: String,
    /// The text that the recipient reads: of a template, with its placeholders filled.
    pub(crate) body: String,
    pub(crate) content: Option<SentContent>,
    pub(crate) whatsapp: Option<WhatsAppPart>,
    pub(crate) media: usize,
    pub(crate) segments: u16,
    pub(crate) created_ms: i64,
    pub(crate) lifecycle: Lifecycle,
    /// Delivery waits for the phone.
    pub(crate) hold: Option<Arc<Hold>>,
    /// As given, fragment included.
    pub(crate) callback: Option<String>,
    /// Milliseconds after creation until lists show it.
    pub(crate) list_lag_ms: i64,
    /// Milliseconds after creation until it can be fetched.
    pub(crate) fetch_lag_ms: i64,
}

impl Message {
    /// All changes after the first status, in order. While the phone is off, `sent` is the last.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = self.lifecycle.steps();
        let Some(hold) = &self.hold else { return steps };
        let Some(sent) = steps.iter().position(|step| step.status == Status::Sent) else { return steps };
        match hold.released_ms() {
            None => steps.truncate(sent + 1),
            Some(released) => {
                let delay = steps.get(sent + 1).map_or(0, |next| released - self.created_ms - next.after_ms);
                for step in &mut steps[sent + 1..] {
                    step.after_ms += delay.max(0);
                }
            }
        }
        steps
    }

    /// The latest change at the time `now_ms`. `read` stays when `delivered` is reported after it.
    pub(crate) fn at(&self, now_ms: i64) -> Step {
        let (age_ms, start) = (now_ms - self.created_ms, self.lifecycle.start());
        if age_ms < millis(self.lifecycle.pace) {
            return start;
        }
        let happened = self.steps().into_iter().take_while(|step| step.after_ms <= age_ms);
        happened.fold(start, |latest, step| if latest.status == Status::Read { latest } else { step })
    }

    /// When it was sent, if it was by `now_ms`.
    pub(crate) fn sent_ms(&self, now_ms: i64) -> Option<i64> {
        if now_ms - self.created_ms < millis(self.lifecycle.pace) {
            return None;
        }
        let sent = self.lifecycle.steps().into_iter().find(|step| step.status == Status::Sent)?;
        let at = self.created_ms + sent.after_ms;
        (at <= now_ms).then_some(at)
    }

    /// The sender once one is chosen.
    pub(crate) fn sender(&self, status: Status) -> Option<&str> {
        match (&self.origin.from, status) {
            (Some(from), _) => Some(from),
            (None, Status::Accepted | Status::Failed) => None,
            (None, _) => Some(&self.chosen_sender),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::faults::Ending;
    use crate::phones::Phones;
    use crate::sid::SidMint;

    /// A message at 1 000 ms with 10 ms between two changes.
    pub(crate) fn message(to: &str, with_service: bool, ending: Ending) -> Message {
        Message {
            sid: SidMint::new(1).message(),
            sequence: 0,
            to: to.to_owned(),
            origin: Origin {
                from: (!with_service).then(|| "AAMCARE".to_owned()),
                service: with_service.then(|| "MG1".to_owned()),
            },
            chosen_sender: "AAMCARE".to_owned(),
            body: "नमस्ते".to_owned(),
            content: None,
            whatsapp: None,
            media: 0,
            segments: 1,
            created_ms: 1_000,
            lifecycle: Lifecycle { with_service, ending, pace: Duration::from_millis(10) },
            hold: None,
            callback: None,
            list_lag_ms: 0,
            fetch_lag_ms: 0,
        }
    }

    fn statuses(message: &Message, ages: &[i64]) -> Vec<&'static str> {
        ages.iter().map(|age| message.at(1_000 + age).status.as_str()).collect()
    }

    #[test]
    fn the_clock_moves_it() {
        let delivered = message("+1", true, Ending::Delivered);
        let seen = statuses(&delivered, &[0, 9, 10, 25, 30, 1000]);
        assert_eq!(seen, ["accepted", "accepted", "queued", "sent", "delivered", "delivered"]);
    }

    #[test]
    fn read_stays() {
        let seen = statuses(&message("whatsapp:+1", false, Ending::ReadFirst), &[10, 20, 30, 1000]);
        assert_eq!(seen, ["sent", "read", "read", "read"]);
    }

    #[test]
    fn a_phone_that_is_off_keeps_it_sent() {
        let phones = Phones::default();
        let hold = Arc::new(Hold::new(1_000, None));
        phones.hold("+1", Arc::clone(&hold), None);
        let message = Message { hold: Some(hold), ..message("+1", false, Ending::Read) };
        assert_eq!(statuses(&message, &[5, 10, 5_000]), ["queued", "sent", "sent"]);
        phones.switch_on("+1", 6_000);
        assert_eq!(statuses(&message, &[4_999, 5_000, 5_010]), ["sent", "delivered", "read"]);
    }

    #[test]
    fn a_phone_that_comes_on_early_delays_nothing() {
        let phones = Phones::default();
        let hold = Arc::new(Hold::new(1_000, None));
        phones.hold("+1", Arc::clone(&hold), None);
        let message = Message { hold: Some(hold), ..message("+1", false, Ending::Delivered) };
        phones.switch_on("+1", 1_001);
        assert_eq!(statuses(&message, &[1, 10, 20]), ["queued", "sent", "delivered"]);
    }
}
