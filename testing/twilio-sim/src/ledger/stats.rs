//! The ledger in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rate::Peak;
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
