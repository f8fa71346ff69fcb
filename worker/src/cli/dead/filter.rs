//! Which dead letters are meant, as typed.

use chrono::Utc;
use shared::{
    cli::{Failure, TimeArgument, lines},
    lane::QueueLane,
};

use crate::{cli::lane_argument::queue_lane_parser, store::dead_letters::find::Selection};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct Filter {
    /// Ids, as `worker dead list` shows them; `-` reads one per line from standard input [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only letters with this code, such as `schema`
    #[arg(long, value_name = "CODE")]
    pub(super) cause: Option<String>,
    /// Only letters last seen at this time or later: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or `2h`
    /// ago
    #[arg(long, value_name = "TIME")]
    since: Option<TimeArgument>,
    /// Only letters last seen before this time
    #[arg(long, value_name = "TIME")]
    until: Option<TimeArgument>,
    /// Only letters of this lane
    #[arg(long, value_parser = queue_lane_parser())]
    lane: Option<QueueLane>,
    /// At most N letters, the oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl Filter {
    /// The open letters of this code, or of any. Reads standard input where an id is `-`.
    pub(super) fn selection(&self, cause: Option<&str>) -> Result<Selection, Failure> {
        let now = Utc::now();
        Ok(Selection {
            ids: if self.ids.is_empty() { None } else { Some(numbers(&self.ids)?) },
            reason: cause.map(str::to_owned),
            since: self.since.map(|time| time.before(now)),
            until: self.until.map(|time| time.before(now)),
            lane: self.lane,
            limit: self.limit.map(i64::from),
            settled: false,
        })
    }

    /// Whether letters are named by id.
    pub(super) fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }
}

/// The ids in order, each once.
pub(super) fn numbers(words: &[String]) -> Result<Vec<i64>, Failure> {
    let mut ids = Vec::new();
    for word in words {
        for line in lines(word)? {
            // The error does not repeat the line, which may be a phone number.
            let id = line.trim().parse::<i64>().map_err(|_| {
                Failure::usage("an id is a number such as 7: `worker dead list` shows the ids")
            })?;
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
