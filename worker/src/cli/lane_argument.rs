//! A lane on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use shared::lane::Lane;

/// Reads the lanes' own words, and lists them in the help.
pub(super) fn lane_parser() -> impl TypedValueParser<Value = Lane> {
    PossibleValuesParser::new(Lane::ALL.map(Lane::as_str)).map(|word| parse(&word))
}

fn parse(word: &str) -> Lane {
    if word == Lane::Backfill.as_str() { Lane::Backfill } else { Lane::Live }
}
