//! Metrics of the whole service, measured in the databases.

use super::labels::{EVENT_OUT, LANE, STATE, listed};
use crate::{
    consent::Source,
    telemetry::metric::{
        Exporter::{Leader, Relay, Worker},
        Kind::{Counter, Gauge},
        Label, Metric, Words,
    },
    templates::registry::Verdict,
};

/// Where a suppression came from.
const SOURCE_OF_SUPPRESSION: Label =
    Label { name: "source", words: Words::Derived(|| Source::ALL.map(Source::as_str).to_vec()) };

/// Whether a mapped template may be sent, or why not.
const TEMPLATE_STATE: Label = listed("state", &Verdict::STATES);

pub(super) const SERVICE: &[Metric] = &[
    Metric::new("onboarding_users", Gauge, Leader, "stored users").labels(&[STATE]),
    Metric::new(
        "onboarding_unknown_outcomes",
        Gauge,
        Leader,
        "attempts with an unknown outcome: still being checked, or parked for a person",
    )
    .labels(&[listed("stage", &["checking", "parked"])]),
    Metric::new(
        "onboarding_oldest_pending_age_seconds",
        Gauge,
        Leader,
        "longest overdue wait of a user, for an event or for a due retry; 0: none",
    )
    .labels(&[LANE]),
    Metric::new("onboarding_dead_letter_backlog", Gauge, Leader, "dead letters that are not settled"),
    Metric::new("onboarding_dead_letters_settled", Gauge, Leader, "dead letters that a person settled")
        .labels(&[listed("how", &["replayed", "dropped"])]),
    Metric::new("onboarding_suppressed_numbers", Gauge, Leader, "numbers that must not be texted")
        .labels(&[SOURCE_OF_SUPPRESSION]),
    Metric::new(
        "onboarding_duplicate_welcome_violations",
        Gauge,
        Leader,
        "unrequested second messages to a number; must be 0",
    ),
    Metric::new(
        "onboarding_messages_after_stop",
        Gauge,
        Leader,
        "messages claimed after a stop or a loss was in force; must be 0",
    ),
    Metric::new("onboarding_erasures_waiting", Gauge, Worker, "users who wait to be erased"),
    Metric::new(
        "onboarding_erasures_oldest_seconds",
        Gauge,
        Worker,
        "how long the first of them has waited; 0: nobody waits",
    ),
    Metric::new("onboarding_erasures_total", Counter, Worker, "users who were erased"),
    Metric::new(
        "onboarding_redactions_total",
        Counter,
        Worker,
        "ended requests to Twilio to delete the text of a message to an erased user",
    )
    .labels(&[listed("result", &["redacted", "gone", "skipped"])]),
    Metric::new("onboarding_events_out_waiting", Gauge, Leader, "events for the portal that wait")
        .labels(&[EVENT_OUT]),
    Metric::new(
        "onboarding_events_out_oldest_age_seconds",
        Gauge,
        Leader,
        "age of the oldest event for the portal that waits; 0: none",
    )
    .labels(&[EVENT_OUT]),
    Metric::new("onboarding_conversations", Gauge, Leader, "open conversations with staff")
        .labels(&[listed("urgent", &["yes", "no"])]),
    Metric::new(
        "onboarding_urgent_wait_seconds",
        Gauge,
        Leader,
        "how long the person has waited who wrote something urgent and has no answer; 0: nobody",
    ),
    Metric::new(
        "onboarding_whatsapp_people",
        Gauge,
        Leader,
        "people that WhatsApp messages went to in the last 24 hours, by the hour; not counted without a limit",
    ),
    Metric::new("onboarding_templates", Gauge, Worker, "mapped templates, as this worker knows them")
        .labels(&[TEMPLATE_STATE]),
    Metric::new(
        "onboarding_template_sync_timestamp_seconds",
        Gauge,
        Worker,
        "Unix time of the last sync of the templates that succeeded; 0: none did",
    ),
    Metric::new(
        "onboarding_census_timestamp_seconds",
        Gauge,
        Leader,
        "Unix time of the measurement of these figures",
    ),
    Metric::new(
        "onboarding_census_duration_seconds",
        Gauge,
        Leader,
        "duration of that measurement in the database",
    ),
];

pub(super) const OUTBOX: &[Metric] = &[
    Metric::new("onboarding_outbox_pending_events", Gauge, Relay, "rows that wait for their publish"),
    Metric::new(
        "onboarding_outbox_oldest_event_age_seconds",
        Gauge,
        Relay,
        "age of the oldest waiting row; 0: none",
    ),
];
