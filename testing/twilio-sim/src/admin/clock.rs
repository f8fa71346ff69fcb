//! `POST /_sim/clock`

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

use super::{bad_request, done};
use crate::app::App;
use crate::server::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// By how much, such as `90m` or `25h`.
    #[serde(deserialize_with = "duration")]
    advance: Duration,
}

fn duration<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    humantime::parse_duration(&String::deserialize(value)?).map_err(D::Error::custom)
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
