//! Labels that several metrics share.

use crate::{
    domain::UserState,
    events::OutEvent,
    lane::{Lane, QueueLane},
    phone::Rejection,
    telemetry::metric::{Label, Words},
};

pub(super) const fn listed(name: &'static str, words: &'static [&'static str]) -> Label {
    Label { name, words: Words::Listed(words) }
}

pub(super) const LANE: Label =
    Label { name: "lane", words: Words::Derived(|| QueueLane::ALL.map(QueueLane::as_str).to_vec()) };

/// Lanes without a queue as well.
pub(super) const EVERY_LANE: Label =
    Label { name: "lane", words: Words::Derived(|| Lane::ALL.map(Lane::as_str).to_vec()) };

pub(super) const SOURCE: Label = listed("source", &["portal", "backfill"]);

/// Events for the portal.
pub(super) const EVENT_OUT: Label =
    Label { name: "event", words: Words::Derived(|| OutEvent::ALL.map(OutEvent::routing_key).to_vec()) };

pub(super) const OUTCOME: Label = listed(
    "outcome",
    &["sent", "unknown", "duplicate", "invalid", "opted_out", "deferred", "failed", "dead_letter", "erased"],
);

pub(super) const OPERATION: Label = listed(
    "operation",
    &[
        "create",
        "lookup",
        "list",
        "fetch",
        "service",
        "preflight",
        "account",
        "redact",
        "contents",
        "senders",
        "media",
    ],
);

/// Empty if the number can be texted.
pub(super) const REJECTION: Label = Label {
    name: "reason",
    words: Words::Derived(|| std::iter::once("").chain(Rejection::ALL.map(Rejection::as_str)).collect()),
};

pub(super) const STATE: Label =
    Label { name: "state", words: Words::Derived(|| UserState::ALL.map(UserState::as_str).to_vec()) };
