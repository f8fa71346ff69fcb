//! Metrics of events and their processing.

use super::labels::{EVENT_OUT, EVERY_LANE, OUTCOME, REJECTION, SOURCE, listed};
use crate::{
    consent::Source,
    domain::{ConsentAction, Purpose},
    telemetry::metric::{
        Exporter::Worker,
        Kind::{Counter, Gauge, Histogram},
        LONG, Label, Metric, SHORT, Words,
    },
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

/// The ways that lead to the ledger.
const fn of_door(name: &'static str) -> Label {
    Label { name, words: Words::Derived(|| Source::ALL.map(Source::as_str).to_vec()) }
}

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
        "from the time of an event to the start of its processing",
    )
    .labels(&[SOURCE]),
    Metric::new(
        "onboarding_events_unreadable_time_total",
        Counter,
        Worker,
        "events whose `time` cannot be read; they count as older than any stored data with a time",
    ),
    Metric::new(
        "onboarding_redeliveries_total",
        Counter,
        Worker,
        "deliveries that the broker delivered again",
    ),
    Metric::new("onboarding_events_processed_total", Counter, Worker, "processed events, by outcome")
        .labels(&[OUTCOME]),
    Metric::new(
        "onboarding_event_processing_seconds",
        Histogram(SHORT),
        Worker,
        "from a delivery to its outcome, including the wait for permit and rate",
    )
    .labels(&[OUTCOME]),
    Metric::new(
        "onboarding_events_of_erased_total",
        Counter,
        Worker,
        "events from before the erasure of their user, which were ignored",
    ),
    Metric::new("onboarding_events_in_flight", Gauge, Worker, "unfinished deliveries"),
    Metric::new(
        "onboarding_events_rejected_total",
        Counter,
        Worker,
        "bodies that do not follow the contract",
    )
    .labels(&[REJECTED]),
    Metric::new("onboarding_dead_letters_total", Counter, Worker, "deliveries that are kept for a person")
        .labels(&[BURIED]),
    Metric::new("onboarding_people_events_total", Counter, Worker, "events about people")
        .labels(&[listed("result", &["applied", "older", "dead_letter", "erased"])]),
    Metric::new("onboarding_consents_total", Counter, Worker, "entries added to the ledger of consents")
        .labels(&[
            Label { name: "purpose", words: Words::Derived(|| Purpose::ALL.map(Purpose::as_str).to_vec()) },
            Label { name: "action", words: Words::Derived(|| ConsentAction::ALL.map(ConsentAction::as_str).to_vec()) },
            of_door("source"),
        ])
        .on_first_event(),
    Metric::new(
        "onboarding_raced_messages_total",
        Counter,
        Worker,
        "messages that were claimed before a stop was in force and had no outcome yet: they may still be sent",
    ),
    Metric::new(
        "onboarding_stops_total",
        Counter,
        Worker,
        "people whom no message goes to from then on, by the way it was said; losses are not among them",
    )
    .labels(&[of_door("door")])
    .on_first_event(),
    Metric::new("onboarding_losses_total", Counter, Worker, "reported losses, by the way of the report")
        .labels(&[of_door("door")]),
    Metric::new(
        "onboarding_events_out_total",
        Counter,
        Worker,
        "events for the portal: confirmed by the broker, or not taken, because no queue is bound or it is full",
    )
    .labels(&[EVENT_OUT, listed("result", &["published", "refused"])]),
    Metric::new(
        "onboarding_events_out_expired_total",
        Counter,
        Worker,
        "events for the portal that were deleted after 30 days without a publish",
    ),
    Metric::new(
        "onboarding_unread_fields_total",
        Counter,
        Worker,
        "optional parts of events that could not be read",
    )
    .labels(&[listed("what", &["field", "consent", "time_zone"])]),
    Metric::new(
        "onboarding_unknown_time_zones_total",
        Counter,
        Worker,
        "stored time zones that are not known; the default one was used",
    ),
    Metric::new(
        "onboarding_pruned_rows_total",
        Counter,
        Worker,
        "rows that the worker deleted by age; of messages, the months",
    )
    .labels(&[listed(
        "kind",
        &[
            "delivery_tries",
            "status_callbacks",
            "dead_letter_bodies",
            "daily_budget",
            "cases",
            "inbox",
            "message_months",
        ],
    )]),
    Metric::new("onboarding_handler_panics_total", Counter, Worker, "panics of a handler: bugs"),
    Metric::new("onboarding_phone_normalizations_total", Counter, Worker, "numbers read")
        .labels(&[listed("result", &["ok", "invalid"]), REJECTION])
        .on_first_event(),
    Metric::new("onboarding_retries_scheduled_total", Counter, Worker, "users postponed to a later attempt")
        .labels(&[Label { name: "reason", words: Words::Described("as in outcome.md; codes share `error`") }])
        .on_first_event(),
    Metric::new(
        "onboarding_retry_delay_seconds",
        Histogram(LONG),
        Worker,
        "how long users were postponed after an answer, or without one",
    ),
    Metric::new(
        "onboarding_rescued_users_total",
        Counter,
        Worker,
        "users enqueued again after a lack of progress",
    ),
    Metric::new(
        "onboarding_rate_limit_wait_seconds",
        Histogram(crate::telemetry::metric::CALLS),
        Worker,
        "wait for the send rate",
    )
    .labels(&[EVERY_LANE]),
    Metric::new(
        "onboarding_rate_available_tokens",
        Gauge,
        Worker,
        "segments that the worker may send at once or within 50 ms, by its lease of the rate; +Inf: unlimited",
    ),
];
