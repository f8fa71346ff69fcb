//! `POST …/Messages/{SM}.json` with an empty `Body`

use super::{fetch::fetch, lifecycle::Status, message::Message};
use crate::api_error::ApiError;
use crate::app::App;
use crate::server::{Call, Reply};
use crate::sid::MessageSid;

/// Deletes the text of a message that is not under way any more, and answers with the message.
pub(crate) fn redact(app: &App, call: &Call, sid: &str) -> Reply {
    let parsed = MessageSid::parse(sid);
    let received = parsed.and_then(|sid| app.ledger.received(sid));
    let sent = parsed.and_then(|sid| app.ledger.message(sid));
    if received.is_none() && sent.is_none() {
        return ApiError::not_found(&call.path).reply();
    }
    if call.form.filled("Body").is_some() {
        return ApiError::of(20001).reply();
    }
    let is_under_way = |message: &Message| {
        matches!(message.at(app.clock.now_ms()).status, Status::Accepted | Status::Queued)
    };
    if sent.as_deref().is_some_and(is_under_way) {
        return ApiError::of(20001).reply();
    }
    if let Some(message) = received {
        message.redact();
    }
    if let Some(message) = sent {
        app.ledger.redact(message.sid);
    }
    fetch(app, call, sid)
}
