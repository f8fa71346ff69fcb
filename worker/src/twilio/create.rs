//! Creating a message: the one call that texts a user, and the classification of its outcome.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Response};
use serde::Deserialize;
use shared::templates::Content;
use tokio::time::Instant;
use url::form_urlencoded::Serializer;

use super::answer::{BodyFault, error_code, parse_object, read_body};
use super::claimed_body::ClaimedBody;
use super::class::Class;
use super::classify::classify_create;
use super::client::{Client, with_trace};
use super::fault::{PathFault, UnknownCause};
use super::loose::Loose;
use super::meter::{self, Ended, Meter, Operation};
use super::retry_after::retry_after;
use super::sid::{MessageSid, ServiceSid};
use super::status::MessageStatus;

/// An answer holds the body of the message, at most 1,600 characters, and little else.
const ANSWER_LIMIT: usize = 256 * 1024;
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Who the message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Service(ServiceSid),
    /// A number in E.164, a short code or an alphanumeric sender ID.
    From(String),
}

impl Sender {
    /// As the setting names it: an address, or the SID of a service.
    pub(crate) fn as_str(&self) -> &str {
        self.field().1
    }

    fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Service(sid) => ("MessagingServiceSid", sid.as_str()),
            Self::From(from) => ("From", from),
        }
    }
}

/// One message to one number. Not `Debug`: it holds a number and a text.
#[derive(Clone, Copy)]
pub(crate) struct CreateMessage<'a> {
    /// E.164.
    pub(crate) to: &'a str,
    pub(crate) sender: &'a Sender,
    pub(crate) content: &'a Content,
    /// Seconds the message may wait at Twilio, 1 to 36,000.
    pub(crate) validity_period: u32,
    /// Absolute address; its fragment may hold Twilio's connection overrides.
    pub(crate) status_callback: Option<&'a str>,
    /// W3C trace context.
    pub(crate) traceparent: Option<&'a str>,
}

impl CreateMessage<'_> {
    fn form(&self) -> Bytes {
        // Devanagari takes nine bytes a character when encoded.
        let text = self.content.text().unwrap_or_default();
        let mut form = Serializer::new(String::with_capacity(256 + 3 * text.len()));
        let (name, sender) = self.sender.field();
        form.append_pair("To", self.to).append_pair(name, sender);
        match self.content {
            Content::Text(text) => form.append_pair("Body", text),
            Content::Template { content_sid, .. } => form
                .append_pair("ContentSid", content_sid.as_str())
                .append_pair("ContentVariables", &self.content.variables()),
        };
        form.append_pair("ValidityPeriod", &self.validity_period.to_string());
        if let Some(url) = self.status_callback {
            form.append_pair("StatusCallback", url);
        }
        form.finish().into()
    }
}

/// How a create call ended. Exactly one of these is true of the message at Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CreateOutcome {
    /// The message exists.
    Accepted {
        sid: MessageSid,
        status: MessageStatus,
        /// 0 until a messaging service has chosen the sender.
        segments: Option<u32>,
        error_code: Option<u32>,
    },
    /// Twilio answered that the message was not created.
    Refused { status: u16, code: Option<u32>, class: Class, retry_after: Option<Duration> },
    /// The request was never written, so Twilio does not have the message.
    NotWritten { cause: PathFault },
    /// The message may or may not exist.
    Unknown { cause: UnknownCause },
}

impl Client {
    /// Creates the message with a single request; nothing is ever repeated.
    pub(crate) async fn create_message(&self, message: &CreateMessage<'_>) -> CreateOutcome {
        let started = Instant::now();
        let (body, claim) = ClaimedBody::new(message.form());
        let call = self
            .http
            .post(self.endpoints.messages().clone())
            .header(CONTENT_TYPE, FORM)
            .body(Body::wrap(body));
        match with_trace(call, message.traceparent).send().await {
            Ok(response) => judge(&self.meter, response, started).await,
            Err(error) => {
                let not_written = claim.withdraw();
                self.meter.request(Operation::Create, Ended::of(&error), started);
                if not_written {
                    CreateOutcome::NotWritten { cause: PathFault::of(&error) }
                } else {
                    CreateOutcome::Unknown { cause: UnknownCause::of(&error) }
                }
            }
        }
    }
}

async fn judge(calls: &Meter, mut response: Response, started: Instant) -> CreateOutcome {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let body = read_body(&mut response, ANSWER_LIMIT).await;
    let ended = match &body {
        Err(BodyFault::Broken(error)) => Ended::of(error),
        _ => Ended::Answered(status),
    };
    calls.request(Operation::Create, ended, started);
    if (200..300).contains(&status) {
        return accepted(status, body);
    }
    let code = body.as_deref().ok().and_then(error_code);
    let class = match (&body, classify_create(status, code)) {
        // Refused, but the code was lost on the way: another try shows it.
        (Err(BodyFault::Broken(_)), Class::Content) => Class::Temporary,
        (_, class) => class,
    };
    meter::error_code(code, class);
    match class {
        Class::Unknown if status >= 500 => {
            CreateOutcome::Unknown { cause: UnknownCause::ServerError { status, code } }
        }
        Class::Unknown => CreateOutcome::Unknown { cause: UnknownCause::Unexpected { status } },
        class => CreateOutcome::Refused { status, code, class, retry_after },
    }
}

#[derive(Deserialize)]
struct Created<'a> {
    #[serde(borrow, default)]
    sid: Loose<'a>,
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default)]
    num_segments: Loose<'a>,
    #[serde(borrow, default)]
    error_code: Loose<'a>,
}

fn accepted(status: u16, body: Result<Bytes, BodyFault>) -> CreateOutcome {
    let unknown = |cause| {
        meter::error_code(None, Class::Unknown);
        CreateOutcome::Unknown { cause }
    };
    let body = match body {
        Ok(body) => body,
        // Counted as a request that broke.
        Err(BodyFault::Broken(error)) => return CreateOutcome::Unknown { cause: UnknownCause::of(&error) },
        Err(BodyFault::TooLarge) => return unknown(UnknownCause::Unreadable { status }),
    };
    let Some(created) = parse_object::<Created<'_>>(&body) else {
        return unknown(UnknownCause::Unreadable { status });
    };
    match created.sid.as_str().map(MessageSid::parse) {
        Some(Ok(sid)) => CreateOutcome::Accepted {
            sid,
            status: MessageStatus::parse(created.status.as_str().unwrap_or("accepted")),
            segments: created.num_segments.number(),
            error_code: created.error_code.number(),
        },
        _ => unknown(UnknownCause::NoSid { status }),
    }
}
