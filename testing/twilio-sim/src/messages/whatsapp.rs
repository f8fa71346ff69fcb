//! How an accepted WhatsApp message ends. WhatsApp reports errors of the destination by callback, never at once
//! (Twilio's error pages).

use super::checks::{Accepted, Chosen};
use crate::app::App;
use crate::channel::person;
use crate::content::can_begin;
use crate::faults::{Effects, Ending, FailedStatus};
use crate::form::Form;
use crate::random::Random;
use crate::recipient::Line;

/// Longest text of a template after filling, in characters (error 63021).
const MAX_TEMPLATE: usize = 1024;

/// An accepted message and everything that decides how it ends.
pub(super) struct Outgoing<'a> {
    pub(super) app: &'a App,
    pub(super) accepted: &'a Accepted,
    pub(super) form: &'a Form,
    pub(super) effects: &'a Effects,
    /// The text as the recipient would read it.
    pub(super) text: &'a str,
    pub(super) now_ms: i64,
}

impl Outgoing<'_> {
    /// Errors of the account come first, then the injected fault, then the limits.
    pub(super) fn ending(&self) -> Ending {
        let random = &self.app.random;
        if let Some(code) = self.account_error().or(self.effects.failure) {
            return failure(random, code);
        }
        let ending = match self.effects.ending {
            Some(ending) => ending,
            None if random.chance(self.app.options.read_share) => Ending::Read,
            None => Ending::Delivered,
        };
        if ending.fails_first() || self.is_within_limits() { ending } else { failure(random, 63018) }
    }

    /// The order of these errors is not documented.
    fn account_error(&self) -> Option<u32> {
        let accepted = self.accepted;
        if let Some((_, code)) = accepted.late_error {
            return Some(code);
        }
        if accepted.sender_address() == accepted.to {
            return Some(63031);
        }
        if accepted.whatsapp_sender.as_ref().is_none_or(|sender| !sender.is_online()) {
            // With `From` this is answered at once.
            return Some(63007);
        }
        let code = match &accepted.content {
            Some(chosen) => self.template_error(chosen),
            None => (!self.is_window_open()).then_some(63016),
        };
        // A landline is a valid number, but not one of WhatsApp.
        code.or((accepted.line != Line::Textable).then_some(63024))
    }

    fn template_error(&self, chosen: &Chosen) -> Option<u32> {
        if self.form.filled("MediaUrl").is_some() {
            return Some(63030);
        }
        if let Some(code) = chosen.late_error {
            return Some(code);
        }
        if self.text.chars().count() > MAX_TEMPLATE {
            return Some(63021);
        }
        if self.is_window_open() {
            return None;
        }
        if self.form.filled("Body").is_some() || !can_begin(&chosen.content) {
            return Some(63016);
        }
        self.approval_error(chosen)
    }

    /// Twilio documents 63040 to 63042 for rejected, paused and disabled templates. For those not approved yet, 63016
    /// is assumed: outside a window they are not templates.
    fn approval_error(&self, chosen: &Chosen) -> Option<u32> {
        if self.app.contents.meets_pause(&chosen.content.sid, self.now_ms) {
            return Some(63041);
        }
        let approval = &chosen.content.approval;
        match approval.status(self.now_ms, self.app.contents.step_ms()) {
            "approved" => {
                // Meta does not deliver marketing to numbers of the United States (error 63049).
                let blocked = approval.category == "MARKETING" && self.accepted.country == "US";
                blocked.then_some(63049)
            }
            "paused" => Some(63041),
            "disabled" => Some(63042),
            "unsubmitted" | "received" | "pending" => Some(63016),
            _ => Some(63040),
        }
    }

    /// People who hide their phone write with their user id.
    fn is_window_open(&self) -> bool {
        let (accepted, windows) = (self.accepted, &self.app.whatsapp.windows);
        let is_open = |to: &str| windows.is_open(accepted.sender_address(), to, self.now_ms);
        // Without windows, a message builds no user id.
        windows.exist() && (is_open(&accepted.to) || is_open(&user_id(&accepted.to, &accepted.country)))
    }

    /// People inside a window do not count towards the messaging limit (Meta docs, "Messaging limits").
    fn is_within_limits(&self) -> bool {
        let Some(sender) = &self.accepted.whatsapp_sender else { return true };
        let limits = &self.app.whatsapp.limits;
        limits.take_of_second(&sender.address, sender.mps)
            && (self.is_window_open()
                || limits.take_person(person(&self.accepted.to), sender.limit, self.now_ms))
    }
}

/// Failed at once, failed after it was sent, or undelivered: it is not documented which codes end how.
pub(super) fn failure(random: &Random, code: u32) -> Ending {
    match random.below(3) {
        0 => Ending::Failed(FailedStatus::Failed, code),
        1 => Ending::SentThenFailed(code),
        _ => Ending::Failed(FailedStatus::Undelivered, code),
    }
}

/// The business-scoped user id of a number: always the same for one number (Meta docs, "Business-scoped user ids").
pub(crate) fn user_id(to: &str, country: &str) -> String {
    let id = person(to);
    if id.contains('.') {
        return to.to_owned();
    }
    let digits = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let country = if country.len() == 2 { country } else { "NP" };
    format!("whatsapp:{country}.{:010}", crate::random::mix(digits) % 10_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_user_id() {
        let id = user_id("whatsapp:+9779841234567", "NP");
        assert!(id.starts_with("whatsapp:NP.") && id.len() == 22, "{id}");
        assert_eq!(id, user_id("whatsapp:+9779841234567", "NP"));
        assert_ne!(id, user_id("whatsapp:+9779841234568", "NP"));
        assert_eq!(user_id("whatsapp:NP.12", "NP"), "whatsapp:NP.12");
    }

    #[test]
    fn errors_end_in_every_form() {
        let random = Random::new(1);
        let endings: Vec<Ending> = (0..50).map(|_| failure(&random, 63024)).collect();
        for expected in [
            Ending::Failed(FailedStatus::Failed, 63024),
            Ending::Failed(FailedStatus::Undelivered, 63024),
            Ending::SentThenFailed(63024),
        ] {
            assert!(endings.contains(&expected), "{expected:?}");
        }
    }
}
