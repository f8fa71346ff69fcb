//! The checks of a create call, in Twilio's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::content_checks;
use super::magic;
use super::message::Origin;
use super::sender::{self, Senders};
use crate::api_error::ApiError;
use crate::callbacks::Target;
use crate::channel::{Channel, person};
use crate::content::{Content, Contents};
use crate::faults::FailedStatus;
use crate::form::Form;
use crate::recipient::{Destination, Line, Recipient};
use crate::whatsapp::{SenderState, WhatsApp};

/// Longest body, in characters (Twilio docs, error 21617).
const MAX_BODY: usize = 1600;
/// Longest validity period, in seconds.
const MAX_VALIDITY: u32 = 36_000;

/// A create call that passed.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) to: String,
    pub(super) origin: Origin,
    /// ISO 3166 alpha-2, empty for numbers of no country.
    pub(super) country: String,
    pub(super) line: Line,
    /// The template, if one is sent.
    pub(super) content: Option<Chosen>,
    /// The sender of a WhatsApp message: the one named, or the one that the service picks.
    pub(super) whatsapp_sender: Option<Arc<SenderState>>,
    /// The error with which it will fail, reported by callback.
    pub(super) late_error: Option<(FailedStatus, u32)>,
}

/// A content and the values of its placeholders.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) content: Arc<Content>,
    /// Samples included.
    pub(super) values: BTreeMap<String, String>,
    /// The error of the values that the channel reports.
    pub(super) late_error: Option<u32>,
}

impl Accepted {
    /// The sender of the WhatsApp message; empty if none of the service is online.
    pub(super) fn sender_address(&self) -> &str {
        self.whatsapp_sender.as_ref().map_or("", |sender| &sender.address)
    }
}

/// What the checks need to know of the account.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) senders: &'a Senders,
    pub(super) whatsapp: &'a WhatsApp,
    pub(super) contents: &'a Contents,
    pub(super) geo_disabled: &'a [String],
    /// Whether test credentials are used.
    pub(super) test: bool,
    /// A refusal ordered by a fault.
    pub(super) refusal: Option<u32>,
    pub(super) now_ms: i64,
}

impl Rules<'_> {
    /// To missing, sender missing, content missing, body length, callback URL, template, To format, sender, geo
    /// permission, opt-out and queue, in this order.
    pub(super) fn check(&self, form: &Form) -> Result<Accepted, ApiError> {
        let to = form.filled("To").ok_or_else(|| ApiError::of(21604))?;
        let origin = sender::origin(form)?;
        check_content(form)?;
        check_options(form)?;
        let content = content_checks::choose(self.contents, form)?;
        let recipient = recipient(to)?;
        let by_whatsapp = |address: &str| Channel::of(address) == Channel::WhatsApp;
        if by_whatsapp(to) || origin.from.as_deref().is_some_and(by_whatsapp) {
            return self.check_whatsapp(recipient, origin, content);
        }
        if self.test {
            sender::check_test(&origin)?;
        } else {
            self.senders.check(&origin)?;
        }
        let refusal = self.refusal(&recipient, &origin);
        match refusal {
            Some(code) if origin.service.is_none() => Err(ApiError::of(code)),
            _ => {
                let late_error = refusal.map(|code| (FailedStatus::Failed, code));
                Ok(accepted(recipient, origin, content, None, late_error))
            }
        }
    }

    /// Channel mismatch, sender unknown and the account's cap, in this order, which is not documented. Everything
    /// about the destination is reported by callback.
    fn check_whatsapp(
        &self,
        recipient: Destination,
        origin: Origin,
        content: Option<Chosen>,
    ) -> Result<Accepted, ApiError> {
        if self.test {
            sender::check_test(&origin)?;
        }
        check_channels(&recipient.address, &origin)?;
        self.senders.check_service(&origin)?;
        let sender = match origin.from.as_deref() {
            Some(from) => {
                let named = self.whatsapp.senders.by_address(from).filter(|sender| sender.is_online());
                Some(named.ok_or_else(|| ApiError::of(63007))?)
            }
            None => self.whatsapp.senders.of_service(),
        };
        if !self.whatsapp.limits.take_of_account(self.now_ms) {
            return Err(ApiError::of(63038));
        }
        let code = magic::recipient_error(person(&recipient.address)).or(self.refusal);
        let late_error = code.map(|code| (FailedStatus::Failed, code));
        Ok(accepted(recipient, origin, content, sender, late_error))
    }

    /// What Twilio says at once with `From` but only by callback with a service.
    fn refusal(&self, recipient: &Destination, origin: &Origin) -> Option<u32> {
        let number = person(&recipient.address);
        let line = match recipient.line {
            Line::Textable => None,
            Line::Fixed => Some(21635),
            Line::Premium => Some(21268),
        };
        let geo = self.geo_disabled.contains(&recipient.country).then_some(21408);
        let same = (origin.from.as_deref() == Some(recipient.address.as_str())).then_some(21266);
        magic::recipient_error(number).or(same).or(geo).or(line).or(self.refusal)
    }
}

fn accepted(
    recipient: Destination,
    origin: Origin,
    content: Option<Chosen>,
    whatsapp_sender: Option<Arc<SenderState>>,
    late_error: Option<(FailedStatus, u32)>,
) -> Accepted {
    let Destination { address: to, country, line } = recipient;
    Accepted { to, origin, country, line, content, whatsapp_sender, late_error }
}

fn check_content(form: &Form) -> Result<(), ApiError> {
    let body = form.filled("Body");
    let media = form.count("MediaUrl");
    if body.is_none() && media == 0 && form.filled("ContentSid").is_none() {
        return Err(ApiError::of(21602));
    }
    if body.is_some_and(|body| body.chars().count() > MAX_BODY) {
        return Err(ApiError::of(21617));
    }
    if media > 10 {
        return Err(ApiError::of(21623));
    }
    Ok(())
}

fn check_options(form: &Form) -> Result<(), ApiError> {
    if form.filled("StatusCallback").is_some_and(|url| Target::parse(url).is_none()) {
        return Err(ApiError::of(21609));
    }
    if form.filled("ContentVariables").is_some() && form.filled("ContentSid").is_none() {
        return Err(ApiError::of(21654));
    }
    let valid = |text: &str| text.parse().is_ok_and(|seconds: u32| (1..=MAX_VALIDITY).contains(&seconds));
    if form.filled("ValidityPeriod").is_some_and(|text| !valid(text)) {
        return Err(ApiError::of(21624));
    }
    Ok(())
}

fn recipient(to: &str) -> Result<Destination, ApiError> {
    let magic = magic::recipient_error(person(to)).is_some();
    match Recipient::parse(to) {
        Recipient::Number(destination) => Ok(destination),
        // Magic numbers need not be in the numbering plan.
        _ if magic => {
            Ok(Destination { address: to.to_owned(), country: "US".to_owned(), line: Line::Textable })
        }
        Recipient::ShortCode => Err(ApiError::of(21265)),
        Recipient::Invalid => {
            Err(ApiError::of(21211)
                .with_message(format!("The 'To' number {to} is not a valid phone number.")))
        }
    }
}

fn check_channels(to: &str, origin: &Origin) -> Result<(), ApiError> {
    match &origin.from {
        Some(from) if Channel::of(from) != Channel::of(to) => Err(ApiError::of(21910)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
