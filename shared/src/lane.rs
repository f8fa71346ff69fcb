//! The lanes: kinds of work that share the send permits and the rate.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A lane of work, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Answers to messages that users sent.
    Replies,
    /// Signups as they happen.
    Live,
    /// Tips of the day.
    Tips,
    /// Stored users, enqueued by an operator.
    Backfill,
}

/// A lane that has a RabbitMQ queue. The Postgres enum `lane` holds no other value, because workers of older releases
/// read it: rows of users, attempts and dead letters can only be written with this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "lane", rename_all = "snake_case")]
pub enum QueueLane {
    /// Signups as they happen.
    Live,
    /// Stored users, enqueued by an operator.
    Backfill,
}

/// Which messages per day are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DailyBudget {
    /// Welcomes of both lanes with a queue: `MAX_MESSAGES_PER_DAY`.
    Welcomes,
    /// Tips of the day.
    Tips,
    /// Answers to messages that users sent.
    Replies,
}

/// What sets one lane apart from another.
struct Traits {
    name: &'static str,
    /// Its share of permits and rate while others wait as well.
    weight: u32,
    queue: Option<QueueLane>,
    /// Whether `worker pause` holds it although the command names no lane.
    in_plain_pause: bool,
    budget: DailyBudget,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Lane; 4] = [Lane::Replies, Lane::Live, Lane::Tips, Lane::Backfill];

    const fn traits(self) -> Traits {
        use DailyBudget::{Replies, Tips, Welcomes};
        let (name, weight, queue, in_plain_pause, budget) = match self {
            Lane::Replies => ("replies", 4, None, false, Replies),
            Lane::Live => ("live", 4, Some(QueueLane::Live), true, Welcomes),
            Lane::Tips => ("tips", 1, None, true, Tips),
            Lane::Backfill => ("backfill", 1, Some(QueueLane::Backfill), true, Welcomes),
        };
        Traits { name, weight, queue, in_plain_pause, budget }
    }

    /// The name in commands, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        self.traits().name
    }

    /// The lane's share of permits and rate, relative to the weights of the other lanes that wait.
    pub const fn weight(self) -> u32 {
        self.traits().weight
    }

    /// The lane as rows and queues name it. `None` for a lane without a queue.
    pub const fn queue(self) -> Option<QueueLane> {
        self.traits().queue
    }

    /// Whether `worker pause` without `--lane` holds this lane.
    pub const fn is_in_plain_pause(self) -> bool {
        self.traits().in_plain_pause
    }

    /// The daily budget that counts the messages of this lane.
    pub const fn daily_budget(self) -> DailyBudget {
        self.traits().budget
    }
}

/// No lane has this name.
#[derive(Debug, thiserror::Error)]
#[error("unknown lane")]
pub struct UnknownLane;

impl FromStr for Lane {
    type Err = UnknownLane;

    fn from_str(name: &str) -> Result<Self, UnknownLane> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == name).ok_or(UnknownLane)
    }
}

impl QueueLane {
    /// The lanes with a queue, the more urgent first.
    pub const ALL: [QueueLane; 2] = [QueueLane::Live, QueueLane::Backfill];

    /// The name in queue names, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        self.lane().as_str()
    }

    /// The lane among all lanes.
    pub const fn lane(self) -> Lane {
        match self {
            QueueLane::Live => Lane::Live,
            QueueLane::Backfill => Lane::Backfill,
        }
    }
}

impl FromStr for QueueLane {
    type Err = UnknownLane;

    fn from_str(name: &str) -> Result<Self, UnknownLane> {
        name.parse::<Lane>()?.queue().ok_or(UnknownLane)
    }
}

impl From<QueueLane> for Lane {
    fn from(lane: QueueLane) -> Self {
        lane.lane()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_lane_and_a_queue_belongs_to_one_lane() {
        for lane in Lane::ALL {
            assert_eq!(lane.as_str().parse::<Lane>().ok(), Some(lane));
            assert_eq!(serde_json::to_value(lane).unwrap(), lane.as_str());
        }
        assert_eq!(Lane::ALL.into_iter().filter_map(Lane::queue).collect::<Vec<_>>(), QueueLane::ALL);
        assert!(QueueLane::ALL.into_iter().all(|lane| lane.lane().queue() == Some(lane)));
    }

    #[test]
    fn a_plain_pause_leaves_only_replies_and_welcomes_share_a_budget() {
        let left = Lane::ALL.into_iter().filter(|lane| !lane.is_in_plain_pause());
        assert_eq!(left.collect::<Vec<_>>(), [Lane::Replies]);
        let welcomes = Lane::ALL.into_iter().filter(|l| l.daily_budget() == DailyBudget::Welcomes);
        assert_eq!(welcomes.collect::<Vec<_>>(), QueueLane::ALL.map(QueueLane::lane));
    }
}
