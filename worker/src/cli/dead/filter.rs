//! Which dead letters are meant, as typed.

use chrono::Utc;
use shared::lane::QueueLane;

use crate::{
    cli::{
        exit::{Failure, USAGE},
        lane_argument::queue_lane_parser,
        moment::Moment,
        open,
    },
    store::dead_letters::find::Selection,
};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct Filter {
    /// Ids, as `worker dead list` shows them; `-` for one per line from standard input [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Those of this reason, such as `schema`
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,
    /// Those that came last at this time or later: 2026-11-25, 2026-11-25T18:00:00+05:45, or `2h` ago
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Those that came last before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Those of this lane
    #[arg(long, value_parser = queue_lane_parser())]
    lane: Option<QueueLane>,
    /// No more than so many, the oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl Filter {
    /// Reads standard input where an id is `-`.
    pub(super) fn selection(&self) -> Result<Selection, Failure> {
        let now = Utc::now();
        Ok(Selection {
            ids: if self.ids.is_empty() { None } else { Some(numbers(&self.ids)?) },
            reason: self.reason.clone(),
            since: self.since.map(|m| m.back_from(now)),
            until: self.until.map(|m| m.back_from(now)),
            lane: self.lane,
            limit: self.limit.map(i64::from),
            settled: false,
        })
    }
}

/// The ids in order, each once.
pub(super) fn numbers(words: &[String]) -> Result<Vec<i64>, Failure> {
    let mut ids = Vec::new();
    for word in words {
        for line in open::lines(word)? {
            // Not repeated: it may be a number that somebody typed.
            let id = line.trim().parse::<i64>().map_err(|_| {
                Failure::new(USAGE, "an id is a number such as 7: `worker dead list` shows them")
            })?;
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
