//! Which sender a create call names, and whether the account may use it.

use super::magic;
use super::message::Origin;
use crate::api_error::ApiError;
use crate::channel::{Channel, person};
use crate::form::Form;

/// The senders and services of the account.
#[derive(Debug)]
pub(crate) struct Senders {
    services: Vec<String>,
    senders: Vec<String>,
}

impl Senders {
    pub(crate) fn new(services: Vec<String>, senders: Vec<String>) -> Self {
        Self { services, senders }
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.senders
    }

    pub(crate) fn has_service(&self, sid: &str) -> bool {
        self.services.iter().any(|service| service == sid)
    }

    /// The sender a service picks: an alphanumeric one if the account has any.
    pub(crate) fn of_service(&self) -> String {
        let alphanumeric = |sender: &&String| !sender.starts_with('+') && Channel::of(sender) == Channel::Sms;
        let chosen = self.senders.iter().find(alphanumeric).or_else(|| self.senders.first());
        chosen.cloned().unwrap_or_else(|| magic::GOOD_SENDER.to_owned())
    }

    /// Whether the origin exists; errors 21701, 21705, 21212, 21606, 21611.
    pub(super) fn check(&self, origin: &Origin) -> Result<(), ApiError> {
        self.check_service(origin)?;
        match (&origin.service, &origin.from) {
            (Some(_), Some(from)) if !self.owns(from) => Err(ApiError::of(21606)),
            (None, Some(from)) => self.check_from(from),
            _ => Ok(()),
        }
    }

    /// Whether the service exists, if there is one; errors 21701 and 21705.
    pub(super) fn check_service(&self, origin: &Origin) -> Result<(), ApiError> {
        match &origin.service {
            Some(service) if !is_service_sid(service) => Err(ApiError::of(21705)),
            Some(service) if !self.has_service(service) => Err(ApiError::of(21701)),
            _ => Ok(()),
        }
    }

    fn check_from(&self, from: &str) -> Result<(), ApiError> {
        if let Some(code) = magic::sender_error(from) {
            return Err(ApiError::of(code));
        }
        if self.owns(from) {
            return Ok(());
        }
        Err(ApiError::of(if is_well_formed(from) { 21606 } else { 21212 }))
    }

    fn owns(&self, from: &str) -> bool {
        self.senders.iter().any(|sender| sender == from)
    }
}

/// The sender for test credentials: only the magic one works.
pub(super) fn check_test(origin: &Origin) -> Result<(), ApiError> {
    match origin.from.as_deref() {
        Some(magic::GOOD_SENDER) => Ok(()),
        Some(from) => Err(ApiError::of(magic::sender_error(from).unwrap_or(21606))),
        None => Err(ApiError::of(21606)),
    }
}

/// Reads `From` and `MessagingServiceSid`; error 21603 if neither is there.
pub(super) fn origin(form: &Form) -> Result<Origin, ApiError> {
    let field = |name| form.filled(name).map(str::to_owned);
    let origin = Origin { from: field("From"), service: field("MessagingServiceSid") };
    if origin.from.is_none() && origin.service.is_none() {
        return Err(ApiError::of(21603));
    }
    Ok(origin)
}

fn is_service_sid(text: &str) -> bool {
    text.len() == 34 && text.starts_with("MG") && text.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit())
}

/// E.164, a WhatsApp address, a short code or an alphanumeric sender ID of up to 11 characters.
fn is_well_formed(from: &str) -> bool {
    if let Some(number) = person(from).strip_prefix('+') {
        return (7..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" -+_&".contains(&byte);
    (1..=11).contains(&from.len()) && from.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "MG00000000000000000000000000000001";

    fn code(from: Option<&str>, service: Option<&str>) -> Option<u32> {
        let senders =
            Senders::new(vec![SERVICE.to_owned()], vec!["+15005550006".to_owned(), "AAMCARE".to_owned()]);
        let origin = Origin { from: from.map(str::to_owned), service: service.map(str::to_owned) };
        senders.check(&origin).err().map(|error| error.code)
    }

    #[test]
    fn services() {
        assert_eq!(code(None, Some(SERVICE)), None);
        assert_eq!(code(None, Some("MG00000000000000000000000000000002")), Some(21701));
        assert_eq!(code(None, Some("MG1")), Some(21705));
        assert_eq!(code(Some("AAMCARE"), Some(SERVICE)), None);
        assert_eq!(code(Some("OTHER"), Some(SERVICE)), Some(21606));
    }

    #[test]
    fn numbers_and_names() {
        for (from, expected) in [
            ("+15005550006", None),
            ("AAMCARE", None),
            ("+15005550001", Some(21212)),
            ("+15005550007", Some(21606)),
            ("+15005550008", Some(21611)),
            ("+9779841234567", Some(21606)),
            ("नमस्ते", Some(21212)),
            ("+12ab", Some(21212)),
        ] {
            assert_eq!(code(Some(from), None), expected, "{from}");
        }
    }

    #[test]
    fn a_service_prefers_a_name() {
        let senders = Senders::new(Vec::new(), vec!["+15005550006".to_owned(), "AAMCARE".to_owned()]);
        assert_eq!(senders.of_service(), "AAMCARE");
    }
}
