//! Metrics of events and their processing.

use super::labels::{LANE, OUTCOME, REJECTION, SOURCE, listed};
use crate::telemetry::metric::{
    Exporter::Worker,
    Kind::{Counter, Gauge, Histogram},
    LONG, Label, Metric, SHORT, Words,
};

/// Why a body does not follow the contract.
const REJECTED: Label = listed("reason", &["malformed", "schema", "unknown_type", "too_large"]);
const BURIED: Label = listed(
    "reason",
    &[
        "malformed",
        "schema",
        "unknown_type",
        "too_large",
        "unreadable_properties",
        "unknown_user",
        "data_error",
        "crash_loop",
        "broker",
    ],
);

pub(super) const EVENTS: &[Metric] = &[
    Metric::new(
        "onboarding_events_received_total",
        Counter,
        Worker,
        "decoded events; `v0` is the bare object",
    )
    .labels(&[SOURCE, listed("version", &["v0", "v1"])]),
    Metric::new(
        "onboarding_event_age_seconds",
        Histogram(LONG),
        Worker,
        "from an event's time to its taking up",
    )
    .labels(&[SOURCE]),
    Metric::new(
        "onboarding_events_unreadable_time_total",
        Counter,
        Worker,
        "events whose `time` cannot be read; they count as older than any stored data with a time",
    ),
    Metric::new("onboarding_redeliveries_total", Counter, Worker, "deliveries that came back"),
    Metric::new(
        "onboarding_events_processed_total",
        Counter,
        Worker,
        "events brought to an end, by what it was",
    )
    .labels(&[OUTCOME]),
    Metric::new(
        "onboarding_event_processing_seconds",
        Histogram(SHORT),
        Worker,
        "from a delivery to its end, waiting for permit and rate included",
    )
    .labels(&[OUTCOME]),
    Metric::new("onboarding_events_in_flight", Gauge, Worker, "deliveries in hand"),
    Metric::new("onboarding_events_rejected_total", Counter, Worker, "bodies off the contract")
        .labels(&[REJECTED]),
    Metric::new("onboarding_dead_letters_total", Counter, Worker, "deliveries kept for a person")
        .labels(&[BURIED]),
    Metric::new("onboarding_handler_panics_total", Counter, Worker, "our bugs"),
    Metric::new("onboarding_phone_normalizations_total", Counter, Worker, "numbers read")
        .labels(&[listed("result", &["ok", "invalid"]), REJECTION])
        .on_first_event(),
    Metric::new("onboarding_retries_scheduled_total", Counter, Worker, "users put off to a later attempt")
        .labels(&[Label { name: "reason", words: Words::Described("as in outcome.md; codes share `error`") }])
        .on_first_event(),
    Metric::new(
        "onboarding_retry_delay_seconds",
        Histogram(LONG),
        Worker,
        "how long users were put off by an answer, or the lack of one",
    ),
    Metric::new(
        "onboarding_rescued_users_total",
        Counter,
        Worker,
        "users enqueued again for lack of progress",
    ),
    Metric::new(
        "onboarding_rate_limit_wait_seconds",
        Histogram(crate::telemetry::metric::CALLS),
        Worker,
        "wait for the send rate",
    )
    .labels(&[LANE]),
    Metric::new(
        "onboarding_rate_available_tokens",
        Gauge,
        Worker,
        "segments that the worker may send at once or within 50 ms, by its lease of the rate; +Inf: no rate",
    ),
];
