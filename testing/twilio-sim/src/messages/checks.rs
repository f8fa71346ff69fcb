//! The checks of a create call, in Twilio's order.

use super::magic;
use super::message::Origin;
use super::sender::{self, Senders};
use crate::api_error::ApiError;
use crate::callbacks::Target;
use crate::channel::{Channel, person};
use crate::faults::FailedStatus;
use crate::form::Form;
use crate::recipient::{Destination, Line, Recipient};

/// Longest body, in characters (Twilio docs, error 21617).
const MAX_BODY: usize = 1600;
/// Longest validity period, in seconds.
const MAX_VALIDITY: u32 = 36_000;

/// A create call that passed.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) to: String,
    pub(super) origin: Origin,
    /// The error with which it will fail, reported by callback.
    pub(super) late_error: Option<(FailedStatus, u32)>,
}

/// What the checks need to know of the account.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) senders: &'a Senders,
    pub(super) geo_disabled: &'a [String],
    /// Whether test credentials are used.
    pub(super) test: bool,
    /// A refusal ordered by a fault.
    pub(super) refusal: Option<u32>,
}

impl Rules<'_> {
    /// To missing, sender missing, content missing, body length, callback URL, To format, sender, geo
    /// permission, opt-out and queue, in this order.
    pub(super) fn check(&self, form: &Form) -> Result<Accepted, ApiError> {
        let to = form.filled("To").ok_or_else(|| ApiError::of(21604))?;
        let origin = sender::origin(form)?;
        check_content(form)?;
        check_options(form)?;
        let recipient = recipient(to)?;
        if self.test {
            sender::check_test(&origin)?;
        } else {
            self.senders.check(&origin)?;
        }
        check_channels(to, &origin)?;
        let refusal = self.refusal(&recipient, &origin);
        match refusal {
            Some(code) if origin.service.is_none() => Err(ApiError::of(code)),
            _ => {
                let late_error = refusal.map(|code| (FailedStatus::Failed, code));
                Ok(Accepted { to: recipient.address, origin, late_error })
            }
        }
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
