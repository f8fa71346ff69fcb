//! `POST …/Messages.json`

use std::sync::Arc;
use std::time::Duration;

use super::checks::{Accepted, Rules};
use super::lifecycle::Lifecycle;
use super::message::Message;
use super::view::MessageView;
use crate::app::App;
use crate::auth::Identity;
use crate::callbacks;
use crate::faults::Ending;
use crate::segments::segments;
use crate::server::{Call, Reply};
use crate::time::millis;

/// Checks, stores and answers; the callbacks start on their own.
pub(crate) fn create(app: &Arc<App>, call: &Call, identity: Identity) -> Reply {
    let test = identity == Identity::Test;
    let rules = Rules {
        senders: &app.senders,
        geo_disabled: &app.options.geo_disabled,
        test,
        refusal: call.effects.refusal,
    };
    match rules.check(&call.form) {
        Err(error) => error.reply(),
        Ok(accepted) => {
            let message = message(app, accepted, call, identity);
            let view =
                MessageView::new(&message, call.resource.account().unwrap_or_default(), message.created_ms);
            if !test {
                let message = app.ledger.accept(message);
                callbacks::start(app, &message, &call.effects.callbacks);
            }
            Reply::json(201, &view)
        }
    }
}

fn message(app: &App, accepted: Accepted, call: &Call, identity: Identity) -> Message {
    let (form, effects) = (&call.form, &call.effects);
    let body = form.get("Body").unwrap_or_default().to_owned();
    let ending = accepted.late_error.map_or(effects.ending, |(status, code)| Ending::Failed(status, code));
    // Test credentials get their messages from no service: the answer is `queued`.
    let with_service = accepted.origin.service.is_some() && identity != Identity::Test;
    let pace = if effects.callbacks.at_once { Duration::ZERO } else { app.options.callback_delay };
    Message {
        sid: app.sids.message(),
        sequence: 0,
        to: accepted.to,
        origin: accepted.origin,
        chosen_sender: app.senders.of_service(),
        media: form.count("MediaUrl"),
        segments: segments(&body),
        body,
        created_ms: app.clock.now_ms(),
        lifecycle: Lifecycle { with_service, ending, pace },
        callback: form.filled("StatusCallback").map(str::to_owned),
        list_lag_ms: millis(effects.list_lag.max(app.options.list_lag)),
        fetch_lag_ms: millis(effects.fetch_not_found),
    }
}
