//! A lane on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use shared::lane::{Lane, QueueLane};

/// Reads the name of any lane, and lists them in the help.
pub(super) fn lane_parser() -> impl TypedValueParser<Value = Lane> {
    PossibleValuesParser::new(Lane::ALL.map(Lane::as_str)).try_map(|name| name.parse::<Lane>())
}

/// Reads the name of a lane with a queue, and lists them in the help.
pub(super) fn queue_lane_parser() -> impl TypedValueParser<Value = QueueLane> {
    PossibleValuesParser::new(QueueLane::ALL.map(QueueLane::as_str)).try_map(|name| name.parse::<QueueLane>())
}
