//! `POST …/Messages/{SM}.json` with an empty `Body`

use super::{fetch::fetch, lifecycle::Status};
use crate::api_error::ApiError;
use crate::app::App;
use crate::server::{Call, Reply};
use crate::sid::MessageSid;

/// Deletes the text of a message that is not under way any more, and answers with the message.
pub(crate) fn redact(app: &App, call: &Call, sid: &str) -> Reply {
    if call.form.filled("Body").is_some() {
        return ApiError::of(20001).reply();
    }
    let parsed = MessageSid::parse(sid);
    if let Some(message) = parsed.and_then(|sid| app.ledger.received(sid)) {
        message.redact();
        return fetch(app, call, sid);
    }
    let Some(message) = parsed.and_then(|sid| app.ledger.message(sid)) else {
        return ApiError::not_found(&call.path).reply();
    };
    if matches!(message.at(app.clock.now_ms()).status, Status::Accepted | Status::Queued) {
        return ApiError::of(20001).reply();
    }
    app.ledger.redact(message.sid);
    fetch(app, call, sid)
}
