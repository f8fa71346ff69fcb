//! The fields of one callback.

use std::borrow::Cow;

use url::form_urlencoded;
use uuid::Uuid;

use crate::channel::person;
use crate::messages::{Message, Status, Step, WhatsAppPart};
use crate::random::Random;
use crate::time::receipt;

/// One change of status, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) status: Cow<'static, str>,
    /// Same on every try and copy.
    pub(super) token: String,
    fields: Vec<(&'static str, String)>,
}

impl Event {
    pub(super) fn new(message: &Message, step: Step, account_sid: &str, random: &Random) -> Self {
        let sid = message.sid.to_string();
        let status = step.status.as_str().to_owned();
        let mut fields = Vec::with_capacity(11);
        if let Some(code) = step.error_code {
            fields.push(("ErrorCode", code.to_string()));
        }
        fields.extend([("SmsSid", sid.clone()), ("SmsStatus", status.clone()), ("MessageStatus", status)]);
        fields.extend([
            ("To", message.to.clone()),
            ("MessageSid", sid),
            ("AccountSid", account_sid.to_owned()),
        ]);
        if let Some(service) = &message.origin.service {
            fields.push(("MessagingServiceSid", service.clone()));
        }
        if let Some(from) = message.sender(step.status) {
            fields.push(("From", from.to_owned()));
        }
        if let Some(part) = &message.whatsapp {
            fields.extend(whatsapp_fields(message, part, step));
        } else if matches!(step.status, Status::Delivered | Status::Undelivered) {
            fields.push(("RawDlrDoneDate", receipt(message.created_ms + step.after_ms)));
        }
        fields.push(("ApiVersion", "2010-04-01".to_owned()));
        let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
        let token = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        Self { status: Cow::Borrowed(step.status.as_str()), token: Uuid::to_string(&token), fields }
    }

    /// The event with another status.
    pub(super) fn with_status(mut self, status: &str) -> Self {
        for (name, value) in &mut self.fields {
            if matches!(*name, "MessageStatus" | "SmsStatus") {
                status.clone_into(value);
            }
        }
        self.status = Cow::Owned(status.to_owned());
        self
    }

    /// The event as it is while the recipient hides the phone number.
    pub(super) fn without_phone(mut self) -> Self {
        let user_id =
            self.fields.iter().find(|(name, _)| *name == "ExternalUserId").map(|(_, id)| id.clone());
        if let Some(user_id) = user_id {
            self.fields.retain(|(name, _)| *name != "ChannelToAddress");
            for (_, value) in self.fields.iter_mut().filter(|(name, _)| *name == "To") {
                value.clone_from(&user_id);
            }
        }
        self
    }

    pub(super) fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }

    pub(super) fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// The fields of WhatsApp callbacks (Twilio docs, "Status callbacks"). The form of `ChannelToAddress` is not
/// documented.
fn whatsapp_fields(message: &Message, part: &WhatsAppPart, step: Step) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("ChannelPrefix", "whatsapp".to_owned()),
        ("ChannelInstallSid", part.install_sid.clone()),
        ("ChannelToAddress", masked(person(&message.to))),
        ("ExternalUserId", part.user_id.clone()),
    ];
    if matches!(
        step.status,
        Status::Sent | Status::Delivered | Status::Read | Status::Undelivered | Status::Failed
    ) {
        fields.push(("EventType", step.status.as_str().to_uppercase()));
    }
    if step.error_code.is_some() {
        fields.push(("ErrorMessage", String::new()));
        fields.push(("ChannelStatusMessage", "Message was not delivered".to_owned()));
    }
    if message.content.is_some() {
        fields.push(("StructuredMessage", "true".to_owned()));
    }
    fields
}

/// The last four digits hidden.
fn masked(number: &str) -> String {
    let kept = number.char_indices().rev().nth(3).map_or("", |(at, _)| &number[..at]);
    format!("{kept}XXXX")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Ending;
    use crate::messages::{SentContent, test_message};

    fn event(step: Step) -> Event {
        let message = Message {
            whatsapp: Some(WhatsAppPart {
                install_sid: "XE1".to_owned(),
                user_id: "whatsapp:NP.1".to_owned(),
            }),
            content: Some(SentContent { sid: "HX1".to_owned(), variables: None }),
            ..test_message("whatsapp:+9779841234567", false, Ending::Read)
        };
        Event::new(&message, step, "AC1", &Random::new(1))
    }

    fn value<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
        event.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn whatsapp_has_fields_of_its_own() {
        let event = event(Step { after_ms: 0, status: Status::Read, error_code: None });
        for (name, expected) in [
            ("To", Some("whatsapp:+9779841234567")),
            ("EventType", Some("READ")),
            ("ChannelPrefix", Some("whatsapp")),
            ("ChannelToAddress", Some("+977984123XXXX")),
            ("ExternalUserId", Some("whatsapp:NP.1")),
            ("StructuredMessage", Some("true")),
            ("ErrorMessage", None),
            ("RawDlrDoneDate", None),
        ] {
            assert_eq!(value(&event, name), expected, "{name}");
        }
    }

    #[test]
    fn a_hidden_phone_leaves_the_user_id() {
        let step = Step { after_ms: 0, status: Status::Failed, error_code: Some(63024) };
        let event = event(step).without_phone().with_status("reviewing");
        assert_eq!((value(&event, "To"), value(&event, "ChannelToAddress")), (Some("whatsapp:NP.1"), None));
        assert_eq!((value(&event, "SmsStatus"), &*event.status), (Some("reviewing"), "reviewing"));
        assert_eq!((value(&event, "ErrorCode"), value(&event, "ErrorMessage")), (Some("63024"), Some("")));
    }
}
