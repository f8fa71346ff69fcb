//! `POST …/Messages.json`

use std::sync::Arc;
use std::time::Duration;

use super::checks::{Accepted, Rules};
use super::lifecycle::Lifecycle;
use super::message::{Message, SentContent, WhatsAppPart};
use super::view::MessageView;
use super::whatsapp::{Outgoing, failure, user_id};
use crate::app::App;
use crate::auth::Identity;
use crate::callbacks;
use crate::channel::Channel;
use crate::content::{render, text};
use crate::faults::{Effects, Ending};
use crate::form::Form;
use crate::phones::Hold;
use crate::segments::segments;
use crate::server::{Call, Reply};
use crate::time::millis;
use crate::whatsapp::DAY_MS;

/// How long Meta keeps a template for a phone that is off: 30 days, 10 minutes for a code (Meta docs, "Time-to-live").
const TEMPLATE_TTL_MS: i64 = 30 * DAY_MS;
const CODE_TTL_MS: i64 = 10 * 60_000;

/// Checks, stores and answers; the callbacks start on their own.
pub(crate) fn create(app: &Arc<App>, call: &Call, identity: Identity) -> Reply {
    let test = identity == Identity::Test;
    let now_ms = app.clock.now_ms();
    let rules = Rules {
        senders: &app.senders,
        whatsapp: &app.whatsapp,
        contents: &app.contents,
        geo_disabled: &app.options.geo_disabled,
        test,
        refusal: call.effects.refusal,
        now_ms,
    };
    match rules.check(&call.form) {
        Err(error) => error.reply(),
        Ok(accepted) => {
            let message = message(app, accepted, call, identity, now_ms);
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

fn message(app: &App, accepted: Accepted, call: &Call, identity: Identity, now_ms: i64) -> Message {
    let (form, effects) = (&call.form, &call.effects);
    let channel = Channel::of(&accepted.to);
    let body = body(&accepted, form, channel);
    let ending = match channel {
        Channel::Sms => sms_ending(app, &accepted, effects),
        Channel::WhatsApp => {
            Outgoing { app, accepted: &accepted, form, effects, text: &body, now_ms }.ending()
        }
    };
    // Test credentials get their messages from no service: the answer is `queued`.
    let with_service = accepted.origin.service.is_some() && identity != Identity::Test;
    let pace = if effects.callbacks.at_once { Duration::ZERO } else { app.options.callback_delay };
    let content = accepted.content.as_ref().map(|chosen| SentContent {
        sid: chosen.content.sid.clone(),
        variables: form.filled("ContentVariables").map(str::to_owned),
    });
    Message {
        sid: if content.is_some() { app.sids.template_message() } else { app.sids.message() },
        sequence: 0,
        chosen_sender: match channel {
            Channel::Sms => app.senders.of_service(),
            Channel::WhatsApp => accepted.sender_address().to_owned(),
        },
        media: form.count("MediaUrl"),
        // Segments are a measure of SMS.
        segments: if channel == Channel::Sms { segments(&body) } else { 0 },
        whatsapp: (channel == Channel::WhatsApp).then(|| WhatsAppPart {
            install_sid: accepted.whatsapp_sender.as_ref().map_or_else(String::new, |one| one.sid.clone()),
            user_id: user_id(&accepted.to, &accepted.country),
        }),
        hold: if ending.reaches() { hold(app, &accepted, effects, channel, now_ms) } else { None },
        content,
        to: accepted.to,
        origin: accepted.origin,
        body,
        created_ms: now_ms,
        lifecycle: Lifecycle { with_service, ending, pace },
        callback: form.filled("StatusCallback").map(str::to_owned),
        list_lag_ms: millis(effects.list_lag.max(app.options.list_lag)),
        fetch_lag_ms: millis(effects.fetch_not_found),
    }
}

/// The text that the recipient reads.
fn body(accepted: &Accepted, form: &Form, channel: Channel) -> String {
    match &accepted.content {
        Some(chosen) => render(text(&chosen.content, channel), &chosen.values),
        None => form.get("Body").unwrap_or_default().to_owned(),
    }
}

/// SMS reports no `read`.
fn sms_ending(app: &App, accepted: &Accepted, effects: &Effects) -> Ending {
    if let Some((status, code)) = accepted.late_error {
        return Ending::Failed(status, code);
    }
    if let Some(code) = effects.failure {
        return failure(&app.random, code);
    }
    match effects.ending {
        None | Some(Ending::Read | Ending::ReadFirst) => Ending::Delivered,
        Some(ending) => ending,
    }
}

/// Delivery waits while the recipient's phone is off.
fn hold(
    app: &App,
    accepted: &Accepted,
    effects: &Effects,
    channel: Channel,
    now_ms: i64,
) -> Option<Arc<Hold>> {
    if !effects.offline && !app.phones.is_off(&accepted.to) {
        return None;
    }
    let is_code = |category: &str| category == "AUTHENTICATION";
    let ttl_ms = match (channel, &accepted.content) {
        (Channel::Sms, _) => None,
        (_, Some(chosen)) if is_code(&chosen.content.approval.category) => Some(CODE_TTL_MS),
        _ => Some(TEMPLATE_TTL_MS),
    };
    Some(Arc::new(Hold::new(now_ms, ttl_ms)))
}
