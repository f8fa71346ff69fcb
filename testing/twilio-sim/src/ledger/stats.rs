//! The ledger in numbers.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use serde::{Deserialize, Serialize};

use super::rate::Peak;
use crate::channel::Channel;
use crate::faults::Operation;

/// Everything counted since start or the last reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Messages accepted, whether or not the caller learnt so.
    pub accepted: u64,
    /// Numbers with at least one accepted message.
    pub distinct_numbers: u64,
    /// Accepted messages beyond the first of their number.
    pub duplicates: u64,
    /// Numbers with more than one accepted message.
    pub numbers_with_duplicates: u64,
    /// Up to 100 of these numbers.
    pub duplicate_numbers: Vec<String>,
    /// Accepted messages of the number that got most.
    pub max_per_number: u64,
    /// Create calls, refused ones included, for the number most asked for.
    pub max_asked_per_number: u64,
    /// Highest counts within any sliding second.
    pub peak_per_second: Peaks,
    /// Requests by operation and HTTP status ("none" where the connection ended without an answer).
    pub requests: BTreeMap<Operation, BTreeMap<String, u64>>,
    /// Lookup requests.
    pub lookups: u64,
    /// Callbacks answered with 2xx.
    pub callbacks_sent: u64,
    /// Callbacks given up.
    pub callbacks_failed: u64,
    /// Callbacks not sent because the host is not loopback.
    pub callbacks_skipped: u64,
    /// Counts of each channel.
    pub by_channel: BTreeMap<Channel, ChannelStats>,
    /// The zone of the local days below.
    pub day_zone: String,
    /// Accepted messages to a person beyond the first of a local day, on any channel, unless all earlier ones of that
    /// day failed.
    pub day_duplicates: u64,
    /// Accepted messages to a person after others of the same local day that all failed: fallbacks and second tries.
    pub day_retries: u64,
    /// Up to 100 people with day duplicates.
    pub day_duplicate_people: Vec<String>,
    /// People that messages of both channels reached, on the same day or not.
    pub reached_on_both_channels: u64,
    /// Counts by person and local day, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<BTreeMap<String, BTreeMap<String, DayStats>>>,
    /// Counts of every number, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_number: Option<BTreeMap<String, NumberStats>>,
}

/// Peaks of accepted messages and of create calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peaks {
    /// Accepted messages.
    pub messages: u64,
    /// Segments of accepted messages.
    pub segments: u64,
    /// Create calls that arrived, refused ones included.
    pub asked: PeakStats,
}

/// Messages and segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeakStats {
    /// Calls.
    pub messages: u64,
    /// Segments of their bodies.
    pub segments: u64,
}

/// Counts of one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberStats {
    /// Create calls, refused ones included.
    pub asked: u32,
    /// Accepted messages.
    pub accepted: u32,
}

/// Counts of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Accepted messages.
    pub accepted: u64,
    /// Those whose first final status is a failure, by error code.
    pub failed_by_code: BTreeMap<u32, u64>,
    /// Highest counts within any sliding second.
    pub peak_per_second: Peaks,
}

/// Counts of one person on one local day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayStats {
    /// Accepted messages.
    pub accepted: u32,
    /// Those whose first final status is a failure.
    pub failed: u32,
    /// Those after one that did not fail.
    pub duplicates: u32,
    /// Those after others that all failed.
    pub retries: u32,
}

/// Which days are wanted; the default is the sums in the zone of the options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DayDetail {
    /// Another zone.
    pub(crate) zone: Option<Tz>,
    /// Whether the counts of every person and day are wanted.
    pub(crate) every: bool,
}

/// Whether the counts of every number are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatsDetail {
    Totals,
    PerNumber,
}

impl Peaks {
    pub(super) fn new(accepted: Peak, asked: Peak) -> Self {
        Self {
            messages: accepted.messages,
            segments: accepted.segments,
            asked: PeakStats { messages: asked.messages, segments: asked.segments },
        }
    }
}
