//! `/_sim/senders` and `POST /_sim/window`

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_request, done, not_found};
use crate::app::App;
use crate::server::Reply;
use crate::whatsapp::{SenderChange, view};

pub(super) fn senders(app: &App) -> Reply {
    let senders: Vec<Value> = app.whatsapp.senders.all().iter().map(|sender| view(sender)).collect();
    Reply::json(200, &json!({ "senders": senders }))
}

pub(super) fn change_senders(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<SenderChange>(body) {
        Ok(change) if app.whatsapp.senders.change(&change) => {
            if let Some(cap) = change.daily_cap {
                app.whatsapp.limits.set_daily_cap(cap.number());
            }
            senders(app)
        }
        Ok(_) => not_found("WhatsApp sender"),
        Err(error) => bad_request(&error),
    }
}

/// A message of a person to a sender, as far as windows are concerned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    /// The person, with or without `whatsapp:`.
    from: String,
    /// The sender; absent means all of them.
    to: Option<String>,
}

pub(super) fn open_window(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Window>(body) {
        Ok(window) => {
            let now = app.clock.now_ms();
            match window.to {
                Some(to) => app.whatsapp.windows.open(&to, &window.from, now),
                None => {
                    for sender in app.whatsapp.senders.all() {
                        app.whatsapp.windows.open(&sender.address, &window.from, now);
                    }
                }
            }
            done()
        }
        Err(error) => bad_request(&error),
    }
}
