//! Error answers in Twilio's form, with the status and text that belong to a code.

use std::borrow::Cow;

use serde::Serialize;

use crate::server::Reply;

/// One error answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
    pub(crate) detail: Option<&'static str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    message: &'a str,
    more_info: String,
    status: u16,
}

impl ApiError {
    /// The error `code` with the HTTP status Twilio uses for it.
    pub(crate) fn of(code: u32) -> Self {
        let (status, message) = describe(code);
        let detail = (code == 20003).then_some("Your AccountSid or AuthToken was incorrect.");
        Self { status, code, message: Cow::Borrowed(message), detail }
    }

    pub(crate) fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::of(20404).with_message(format!("The requested resource {path} was not found"))
    }

    pub(crate) fn reply(&self) -> Reply {
        let body = ErrorBody {
            code: self.code,
            detail: self.detail,
            message: &self.message,
            more_info: format!("https://www.twilio.com/docs/errors/{}", self.code),
            status: self.status,
        };
        Reply::json(self.status, &body)
    }
}

/// HTTP status and text of an error code, after Twilio's error pages; 400 where they name no other.
fn describe(code: u32) -> (u16, &'static str) {
    match code {
        20001 => (400, "Invalid parameter"),
        20003 => (401, "Authenticate"),
        20004 => (405, "Method not allowed"),
        20005 => (403, "Account not active"),
        20008 => (403, "Resource not accessible with Test Account Credentials"),
        20403 => (403, "Forbidden"),
        20404 => (404, "The requested resource was not found"),
        20409 => (409, "Conflict"),
        20429 => (429, "Too Many Requests"),
        20500 => (500, "Internal Server Error"),
        20503 => (503, "Service Unavailable"),
        21211 => (400, "The 'To' number is not a valid phone number."),
        21212 => {
            (400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID.")
        }
        21265 => (400, "'To' number cannot be a Short Code"),
        21266 => (400, "'To' and 'From' number cannot be the same"),
        21268 => (400, "The 'To' number is a premium-rate number."),
        21408 => (
            400,
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number.",
        ),
        21450 => (400, "Phone number already validated for your account"),
        21481 => (400, "Invalid Page Token"),
        21602 => (400, "A text message body or media urls must be specified."),
        21603 => (400, "A 'From' phone number is required."),
        21604 => (400, "A 'To' phone number is required."),
        21606 => {
            (400, "The 'From' phone number provided is not a valid message-capable number for this account.")
        }
        21608 => (400, "The number is unverified."),
        21609 => (400, "The 'StatusCallback' URL is not a valid URL."),
        21610 => (400, "Attempt to send to unsubscribed recipient"),
        21611 => (429, "SMS queue is full."),
        21612 => (400, "Message cannot be sent with the current combination of 'To' and 'From' parameters"),
        21614 => (400, "'To' number is not a valid mobile number"),
        21617 => (400, "The concatenated message body exceeds the 1600 character limit"),
        21623 => (400, "Number of media files exceeds allowed limit"),
        21624 => (400, "The validity period must be an integer between 1 and 36000 seconds."),
        21635 => (400, "The 'To' phone number is a landline"),
        21654 => (400, "ContentSid Required"),
        21655 => (400, "The ContentSid is Invalid"),
        21656 => (400, "The ContentVariables Parameter is invalid"),
        21658 => (400, "Content Variables Parameter exceeds the maximum length"),
        21701 => (400, "The Messaging Service does not exist"),
        21703 => (400, "The Messaging Service does not have a phone number available to send a message"),
        21705 => (400, "The Messaging Service SID is invalid"),
        21910 => (400, "Invalid 'From' and 'To' pair. They should be of the same channel"),
        60606 => (403, "Lookup package not enabled"),
        60616 => (429, "Lookup rate limit exceeded"),
        63007 => (400, "Twilio could not find a Channel with the specified From address"),
        63038 => (429, "Account exceeded its daily messages limit"),
        92001 => (400, "Content types are missing"),
        92002 => (400, "Too many variables in the content"),
        92003 => (400, "The language is missing"),
        92004 => (400, "The language code is invalid"),
        92008 => (400, "The content type is not supported"),
        _ => (400, "Request refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_401_body_is_twilios() {
        let reply = ApiError::of(20003).reply();
        assert_eq!(reply.status, 401);
        let expected = concat!(
            r#"{"code":20003,"detail":"Your AccountSid or AuthToken was incorrect.","message":"Authenticate","#,
            r#""more_info":"https://www.twilio.com/docs/errors/20003","status":401}"#
        );
        assert_eq!(reply.body, expected);
    }

    #[test]
    fn limits_answer_429() {
        for code in [20429, 21611, 63038, 60616] {
            assert_eq!(ApiError::of(code).status, 429);
        }
        assert_eq!(ApiError::of(99999).status, 400);
    }
}
