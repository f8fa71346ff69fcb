//! What the simulator says it did.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Counts of one number.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Count {
    asked: u32,
    accepted: u32,
}

/// Highest counts within any one second.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Peaks {
    asked: Peak,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Peak {
    messages: u32,
    segments: u32,
}

/// Counts of one channel.
#[derive(Debug, Clone, Deserialize)]
struct ChannelCounts {
    accepted: u64,
    failed_by_code: BTreeMap<u32, u64>,
    peak_per_second: Peaks,
}

/// The simulator's counts.
#[derive(Debug, Clone, Deserialize)]
pub struct Ledger {
    /// Messages accepted, whether or not the worker learnt so.
    pub accepted: u64,
    /// Accepted messages beyond the first of their number.
    pub duplicates: u64,
    /// Lookup requests.
    pub lookups: u64,
    /// Accepted messages to a person beyond the first of a local day that did not fail, on any channel.
    pub day_duplicates: u64,
    /// Accepted messages to a person after others of the same local day that all failed.
    pub day_retries: u64,
    /// People that messages of both channels reached.
    pub reached_on_both_channels: u64,
    by_channel: BTreeMap<String, ChannelCounts>,
    peak_per_second: Peaks,
    /// By operation and HTTP status.
    requests: BTreeMap<String, BTreeMap<String, u32>>,
    #[serde(default)]
    per_number: BTreeMap<String, Count>,
}

impl Ledger {
    /// Create calls for this number, refused ones included.
    pub fn asked(&self, number: &str) -> u32 {
        self.per_number.get(number).map_or(0, |count| count.asked)
    }

    /// Accepted messages to this number.
    pub fn accepted(&self, number: &str) -> u32 {
        self.per_number.get(number).map_or(0, |count| count.accepted)
    }

    /// Segments of the create calls in the busiest second, refused calls included.
    pub fn busiest_second(&self) -> u32 {
        self.peak_per_second.asked.segments
    }

    /// Accepted WhatsApp messages.
    pub fn accepted_on_whatsapp(&self) -> u64 {
        self.by_channel.get("whatsapp").map_or(0, |channel| channel.accepted)
    }

    /// WhatsApp messages whose first final status was a failure, by error code.
    pub fn failed_on_whatsapp(&self) -> BTreeMap<u32, u64> {
        self.by_channel.get("whatsapp").map(|channel| channel.failed_by_code.clone()).unwrap_or_default()
    }

    /// WhatsApp create calls in the busiest second, refused calls included.
    pub fn busiest_whatsapp_second(&self) -> u32 {
        self.by_channel.get("whatsapp").map_or(0, |channel| channel.peak_per_second.asked.messages)
    }

    /// Create calls in all, answered or not.
    pub fn asked_in_all(&self) -> u32 {
        self.requests.get("create").map_or(0, |statuses| statuses.values().sum())
    }
}

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sent {
    /// Its SID.
    pub sid: String,
    /// The recipient's address: E.164, behind `whatsapp:` where it went that way.
    pub to: String,
    /// The text.
    pub body: String,
    /// Twilio's status by now.
    pub status: String,
}

impl Sent {
    /// The recipient's number, E.164.
    pub fn phone(&self) -> &str {
        self.to.strip_prefix("whatsapp:").unwrap_or(&self.to)
    }
}
