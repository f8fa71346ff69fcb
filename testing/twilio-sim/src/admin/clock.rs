//! `POST /_sim/clock`

use std::time::Duration;

use serde::Deserialize;

use super::{bad_request, done};
use crate::app::App;
use crate::server::Reply;
use crate::time::duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// By how much, such as `90m` or `25h`.
    #[serde(deserialize_with = "duration")]
    advance: Duration,
}

pub(super) fn advance(app: &App, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Change>(body) {
        Ok(change) => {
            app.clock.advance(change.advance);
            done()
        }
        Err(error) => bad_request(&error),
    }
}
