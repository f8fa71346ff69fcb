//! The fields of one callback.

use url::form_urlencoded;
use uuid::Uuid;

use crate::faults::Signing;
use crate::messages::{Message, Status, Step};
use crate::random::Random;
use crate::signature::sign;
use crate::time::receipt;

/// One change of status, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) status: Status,
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
        if matches!(step.status, Status::Delivered | Status::Undelivered) {
            fields.push(("RawDlrDoneDate", receipt(message.created_ms + step.after_ms)));
        }
        fields.push(("ApiVersion", "2010-04-01".to_owned()));
        let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
        let token = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        Self { status: step.status, token: Uuid::to_string(&token), fields }
    }

    pub(super) fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }

    /// The signature for `url`, or what a fault puts in its place.
    pub(super) fn signature(&self, auth_token: &str, url: &str, signing: Signing) -> Option<String> {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match signing {
            Signing::Right => Some(sign(auth_token, url, &fields)),
            Signing::Wrong => Some(sign("not the token", url, &fields)),
            Signing::Missing => None,
        }
    }
}
