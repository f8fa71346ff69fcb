//! `POST /_sim/credentials`

use serde::Deserialize;

use super::{bad_request, done};
use crate::app::App;
use crate::server::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The new primary Auth Token; it also signs from now on.
    auth_token: Option<String>,
    /// Whether every credential is refused.
    revoked: Option<bool>,
}

pub(super) fn change(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Change>(body) {
        Ok(change) => {
            if let Some(token) = change.auth_token {
                app.auth.set_token(&token);
            }
            if let Some(revoked) = change.revoked {
                app.auth.set_revoked(revoked);
            }
            done()
        }
        Err(error) => bad_request(&error),
    }
}
