//! From request to outcome: latency, auth, faults, the resource, the count.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Parts;

use super::reply::{Outcome, Reply};
use super::route::{Call, Resource};
use crate::account;
use crate::admin;
use crate::api_error::ApiError;
use crate::app::App;
use crate::auth::Identity;
use crate::channel::Channel;
use crate::content;
use crate::faults::{Effects, Interruption, Operation};
use crate::form::Form;
use crate::lookup;
use crate::messages;
use crate::segments::segments;
use crate::sid::MessageSid;
use crate::whatsapp;

/// Longest body read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// The same for the simulator's own endpoints, which take batches.
const MAX_ADMIN_BODY: usize = 64 << 20;

/// Answers one request.
pub(super) async fn answer(app: &Arc<App>, request: Request<Incoming>) -> Outcome {
    let (parts, body) = request.into_parts();
    let is_admin = parts.uri.path().starts_with("/_sim/");
    let body = match Limited::new(body, if is_admin { MAX_ADMIN_BODY } else { MAX_BODY }).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::debug!(%error, "body not read");
            return Outcome::Reply(ApiError::of(20001).with_message("Body too long or cut short").reply());
        }
    };
    if let Some(path) = parts.uri.path().strip_prefix("/_sim/") {
        return Outcome::Reply(admin::answer(app, &parts, path, &body).await);
    }
    if let Some(path) = parts.uri.path().strip_prefix(messages::STORE) {
        return Outcome::Reply(messages::stored(app, path, parts.headers.contains_key(AUTHORIZATION)));
    }
    let _flight = app.in_flight.enter();
    let mut call = read(&parts, &body);
    if call.operation == Operation::Create {
        let to = call.form.filled("To");
        let text = call.form.get("Body").unwrap_or_default();
        // Segments are a measure of SMS.
        let by_sms = to.is_none_or(|to| Channel::of(to) == Channel::Sms);
        app.ledger.asked(to, if by_sms { segments(text) } else { 0 });
    }
    let mut tally = Tally { app, operation: call.operation, status: 0 };
    let admission = admit(app, &call, &parts);
    if admission.is_ok() {
        call.effects = effects(app, &call);
    }
    let delay = app.options.latency + call.effects.latency;
    let outcome = if delay.is_zero() {
        perform(app, call, admission).await
    } else {
        late(app, delay, call, admission).await
    };
    tally.status = status(&outcome);
    outcome
}

/// Counts the request when it ends, also when the caller leaves before its answer.
struct Tally<'a> {
    app: &'a App,
    operation: Operation,
    status: u16,
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.app.ledger.answered(self.operation, self.status);
    }
}

/// Works on even when the caller goes away: a client's time limit does not stop a server.
async fn late(app: &Arc<App>, delay: Duration, call: Call, admission: Result<Identity, ApiError>) -> Outcome {
    let app = Arc::clone(app);
    let work = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        perform(&app, call, admission).await
    });
    work.await.unwrap_or(Outcome::Reset)
}

fn read(parts: &Parts, body: &Bytes) -> Call {
    let path = parts.uri.path().to_owned();
    let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let is_form = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let form = if is_form { Form::parse(body) } else { Form::default() };
    let resource = Resource::of(&path);
    let operation = resource.operation(&parts.method).unwrap_or(Operation::Unknown);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1").to_owned();
    Call { resource, operation, path, host, query, form, body: body.clone(), effects: Effects::default() }
}

/// The faults for the number that the request is about.
fn effects(app: &App, call: &Call) -> Effects {
    let known;
    let number = match &call.resource {
        Resource::Messages { .. } if call.operation == Operation::Create => call.form.filled("To"),
        Resource::Messages { .. } => call.query.filled("To"),
        Resource::CallerIds { .. } => call.form.filled("PhoneNumber"),
        Resource::Lookup { number } => Some(number.as_str()),
        Resource::Message { sid, .. } | Resource::MediaList { sid, .. } | Resource::Media { sid, .. } => {
            known = MessageSid::parse(sid).and_then(|sid| person(app, sid));
            known.as_deref()
        }
        _ => None,
    };
    app.faults.pick(call.operation, number)
}

/// The address of the person whom the message went to or came from.
fn person(app: &App, sid: MessageSid) -> Option<String> {
    let recipient = app.ledger.message(sid).map(|message| message.to.clone());
    recipient.or_else(|| app.ledger.received(sid).map(|message| message.from.clone()))
}

async fn perform(app: &Arc<App>, call: Call, admission: Result<Identity, ApiError>) -> Outcome {
    let identity = match admission {
        Ok(identity) => identity,
        Err(error) => return Outcome::Reply(error.reply()),
    };
    if let Some(interruption) = call.effects.before {
        return interrupt(interruption, None).await;
    }
    let reply = handle(app, &call, identity);
    match call.effects.after {
        Some(interruption) if reply.is_success() => interrupt(interruption, Some(reply)).await,
        _ => Outcome::Reply(reply),
    }
}

/// Credentials, path, method, account and what test credentials may reach, in this order.
fn admit(app: &App, call: &Call, parts: &Parts) -> Result<Identity, ApiError> {
    let identity = app.auth.identify(parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes))?;
    if call.resource == Resource::Unknown {
        return Err(ApiError::not_found(&call.path));
    }
    if call.resource.operation(&parts.method).is_none() {
        return Err(ApiError::of(20004));
    }
    if call.resource.account().is_some_and(|account| !app.auth.owns(identity, account)) {
        return Err(ApiError::not_found(&call.path));
    }
    match (identity, call.operation) {
        (Identity::Test, operation) if operation != Operation::Create => Err(ApiError::of(20008)),
        (Identity::Key, Operation::Account) => Err(ApiError::of(20003)),
        _ => Ok(identity),
    }
}

fn handle(app: &Arc<App>, call: &Call, identity: Identity) -> Reply {
    match &call.resource {
        Resource::Messages { .. } if call.operation == Operation::Create => {
            messages::create(app, call, identity)
        }
        Resource::Messages { .. } => messages::list(app, call),
        Resource::Message { sid, .. } if call.operation == Operation::Redact => {
            messages::redact(app, call, sid)
        }
        Resource::Message { sid, .. } => messages::fetch(app, call, sid),
        Resource::MediaList { sid, .. } => messages::media_list(app, call, sid),
        Resource::Media { sid, media, .. } => messages::media(app, call, sid, media),
        Resource::Lookup { number } => lookup::lookup(call, number),
        Resource::Account { .. } => account::account(app),
        Resource::Senders { .. } => account::senders(app, call),
        Resource::CallerIds { .. } => account::caller_id(app, call),
        Resource::Service { sid } => account::service(app, call, sid),
        Resource::GeoPermissions => account::geo_permissions(app, call),
        Resource::Contents(_) if call.operation == Operation::ContentCreate => content::create(app, call),
        Resource::Contents(kind) => content::list(app, call, *kind),
        Resource::Content { sid } => match call.operation {
            Operation::ContentUpdate => content::update(app, call, sid),
            Operation::ContentDelete => content::delete(app, call, sid),
            _ => content::fetch(app, call, sid),
        },
        Resource::Approvals { content } => content::approval(app, call, content),
        Resource::Approval { content } => content::submit(app, call, content),
        Resource::ChannelSenders => whatsapp::channel_senders(app, call),
        Resource::ChannelSender { sid } => whatsapp::channel_sender(app, call, sid),
        Resource::ServiceSenders { service } => whatsapp::service_senders(app, call, service),
        Resource::Unknown => ApiError::not_found(&call.path).reply(),
    }
}

/// Does what a fault asks; `reply` is the healthy answer when the call took effect.
async fn interrupt(interruption: Interruption, reply: Option<Reply>) -> Outcome {
    match interruption {
        Interruption::Answer(answer) => Outcome::Reply(answer),
        Interruption::Reset => Outcome::Reset,
        Interruption::Hang(time) => {
            tokio::time::sleep(time).await;
            reply.map_or(Outcome::Reset, Outcome::Reply)
        }
        Interruption::BrokenJson => reply.map_or(Outcome::Reset, |reply| Outcome::Reply(reply.broken())),
    }
}

fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Reply(reply) => reply.status,
        Outcome::Reset => 0,
    }
}
