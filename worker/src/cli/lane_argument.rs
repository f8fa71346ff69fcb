//! A lane on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use shared::lane::QueueLane;

/// Reads the lanes' own words, and lists them in the help.
pub(super) fn lane_parser() -> impl TypedValueParser<Value = QueueLane> {
    PossibleValuesParser::new(QueueLane::ALL.map(QueueLane::as_str)).map(|word| parse(&word))
}

fn parse(word: &str) -> QueueLane {
    if word == QueueLane::Backfill.as_str() { QueueLane::Backfill } else { QueueLane::Live }
}
