//! `GET …/Messages/{SM}.json`

use super::view::MessageView;
use crate::api_error::ApiError;
use crate::app::App;
use crate::server::{Call, Reply};
use crate::sid::MessageSid;
use crate::time::millis;

/// The message by its SID; 404 while it is too fresh to be seen.
pub(crate) fn fetch(app: &App, call: &Call, sid: &str) -> Reply {
    let now = app.clock.now_ms();
    let parsed = MessageSid::parse(sid);
    let visible = parsed.and_then(|sid| app.ledger.message(sid)).filter(|message| {
        let lag = message.fetch_lag_ms.max(millis(call.effects.fetch_not_found));
        now - message.created_ms >= lag
    });
    match visible {
        Some(message) => Reply::json(200, &MessageView::new(&message, &app.options.account_sid, now)),
        None => fetch_received(app, call, parsed, now),
    }
}

fn fetch_received(app: &App, call: &Call, sid: Option<MessageSid>, now: i64) -> Reply {
    let lag = millis(call.effects.fetch_not_found);
    match sid.and_then(|sid| app.ledger.received(sid)).filter(|message| now - message.created_ms >= lag) {
        Some(message) => Reply::json(200, &MessageView::received(&message, &app.options.account_sid)),
        None => ApiError::not_found(&call.path).reply(),
    }
}
