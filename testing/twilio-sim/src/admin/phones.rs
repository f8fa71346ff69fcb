//! `POST /_sim/offline` and `POST /_sim/online`

use serde::Deserialize;
use serde_json::json;

use super::{bad_request, done};
use crate::app::App;
use crate::server::Reply;

/// A person's phone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    /// The number, with or without `whatsapp:`.
    to: String,
}

/// From now on, messages to the phone stay `sent`.
pub(super) fn switch_off(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Phone>(body) {
        Ok(phone) => {
            app.phones.switch_off(&phone.to);
            done()
        }
        Err(error) => bad_request(&error),
    }
}

/// Delivers all messages that waited, one after the other in the order in which they were accepted.
pub(super) fn switch_on(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Phone>(body) {
        Ok(phone) => {
            let released = app.phones.switch_on(&phone.to, app.clock.now_ms());
            let answer = json!({ "delivered": released.delivered, "dropped": released.dropped });
            tokio::spawn(async move {
                for rest in released.rest {
                    rest.await;
                }
            });
            Reply::json(200, &answer)
        }
        Err(error) => bad_request(&error),
    }
}
