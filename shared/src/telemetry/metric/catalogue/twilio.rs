//! Metrics of calls to Twilio, its answers and its callbacks.

use super::labels::{EVERY_LANE, OPERATION, listed};
use crate::{
    domain::{Channel, MessageKind},
    telemetry::metric::{
        CALLS,
        Exporter::Worker,
        Kind::{Counter, Gauge, Histogram},
        LONG, Label, Metric, SHORT, Words,
    },
    words::Class,
};

const CHANNEL: Label = listed("channel", &Channel::NAMES);

pub(super) const TWILIO: &[Metric] = &[
    Metric::new(
        "onboarding_registrations_total",
        Counter,
        Worker,
        "registered numbers, by method and result",
    )
    .labels(&[
        listed("method", &["lookup", "none"]),
        listed("result", &["valid", "invalid", "unavailable", "skipped"]),
    ]),
    Metric::new("onboarding_twilio_requests_total", Counter, Worker, "calls to Twilio, by result")
        .labels(&[OPERATION, listed("status_class", &["2xx", "4xx", "429", "5xx", "timeout", "error"])]),
    Metric::new("onboarding_twilio_request_duration_seconds", Histogram(CALLS), Worker, "calls to Twilio")
        .labels(&[OPERATION]),
    Metric::new(
        "onboarding_twilio_errors_total",
        Counter,
        Worker,
        "Twilio's error codes in answers and callbacks",
    )
    .labels(&[
        Label {
            name: "code",
            words: Words::Described("25 codes; the rest share `other`; `none` without one"),
        },
        listed("class", &["recipient", "optout", "account", "content", "transient", "unknown", "other"]),
    ])
    .on_first_event(),
    Metric::new("onboarding_messages_sent_total", Counter, Worker, "messages that Twilio accepted")
        .labels(&[CHANNEL, listed("lang", &["ne", "en"]), listed("kind", &MessageKind::NAMES)]),
    Metric::new("onboarding_message_segments_total", Counter, Worker, "billed segments of these messages")
        .labels(&[CHANNEL, listed("encoding", &["gsm7", "ucs2"])]),
    Metric::new(
        "onboarding_segment_price_usd",
        Gauge,
        Worker,
        "`SMS_PRICE_USD`: the assumed price of a segment, in US dollars",
    ),
    Metric::new(
        "onboarding_whatsapp_price_usd",
        Gauge,
        Worker,
        "`WHATSAPP_PRICE_USD`: the assumed price of a WhatsApp message by category, in US dollars",
    )
    .labels(&[listed("category", &["utility", "marketing", "authentication"])]),
    Metric::new(
        "onboarding_daily_message_limit",
        Gauge,
        Worker,
        "`MAX_MESSAGES_PER_DAY` of all workers together; 0: off",
    ),
    Metric::new(
        "onboarding_last_message_sent_timestamp_seconds",
        Gauge,
        Worker,
        "Unix time of the last message that Twilio accepted",
    ),
    Metric::new("onboarding_reconciliations_total", Counter, Worker, "checks of unknown outcomes")
        .labels(&[listed("result", &["found", "absent", "undecided"])]),
    Metric::new(
        "onboarding_status_polls_total",
        Counter,
        Worker,
        "status requests for messages without a final callback",
    )
    .labels(&[listed("result", &["moved", "unchanged", "failed"])]),
    Metric::new(
        "onboarding_concurrency_limit",
        Gauge,
        Worker,
        "calls that may be in flight; below `WORKER_CONCURRENCY` while Twilio throttles or is slow",
    ),
    Metric::new(
        "onboarding_calls_in_flight",
        Gauge,
        Worker,
        "Lookups and messages in flight, with the claim around each",
    )
    .labels(&[EVERY_LANE]),
    Metric::new(
        "onboarding_circuit_state",
        Gauge,
        Worker,
        "the breaker: 0 closed, 1 open and ready to probe with a user, 2 open",
    )
    .labels(&[listed("scope", &["account", "network"])]),
    Metric::new("onboarding_outage", Gauge, Worker, "1 while the breaker is open for this kind of outage")
        .labels(&[listed("kind", &["refused", "reset", "timeout", "5xx", "unreadable", "mixed"])]),
    Metric::new("onboarding_country_held", Gauge, Worker, "1 while calls to this country are paused")
        .labels(&[Label {
            name: "country",
            words: Words::Described("ISO 3166 codes of countries that were ever paused"),
        }])
        .on_first_event(),
    Metric::new(
        "onboarding_channel_held",
        Gauge,
        Worker,
        "1 while calls of this channel are paused because its sender is at fault",
    )
    .labels(&[listed("channel", &["whatsapp"])]),
    Metric::new(
        "onboarding_whatsapp_full",
        Gauge,
        Worker,
        "1 while WhatsApp takes no more people, and users wait",
    ),
    Metric::new(
        "onboarding_whatsapp_people_limit",
        Gauge,
        Worker,
        "people that WhatsApp messages go to in any 24 hours, at most; 0: any number",
    ),
    Metric::new(
        "onboarding_whatsapp_slowdowns_total",
        Counter,
        Worker,
        "how often this worker halved the rate of WhatsApp for all workers, after code 63017 or 63018",
    ),
];

/// Pages shown, buttons pressed, and requests refused.
const STOP_PAGE_RESULT: Label = listed(
    "result",
    &[
        "shown",
        "unknown",
        "form",
        "stop",
        "loss",
        "wrong_number",
        "undo",
        "stop_request",
        "bad_request",
        "cross_site",
        "limited",
        "unavailable",
    ],
);

pub(super) const DELIVERY: &[Metric] = &[
    Metric::new(
        "onboarding_fallbacks_total",
        Counter,
        Worker,
        "messages that did not arrive by WhatsApp and were to go by SMS, by what became of that; one may wait several times",
    )
    .labels(&[listed("result", &["sent", "unknown", "opted_out", "skipped", "deferred", "failed"])]),
    Metric::new(
        "onboarding_double_reach_total",
        Counter,
        Worker,
        "messages that arrived by WhatsApp after their fallback by SMS had begun",
    ),
    Metric::new(
        "onboarding_unlisted_codes_total",
        Counter,
        Worker,
        "statuses with a code of WhatsApp that the table of codes does not know",
    ),
    Metric::new(
        "onboarding_content_errors_total",
        Counter,
        Worker,
        "looks at users for whom the template could not be filled; such a message is not sent",
    ),
    Metric::new(
        "onboarding_webhook_requests_total",
        Counter,
        Worker,
        "callbacks; `bad_signature`: a wrong token or a forgery; `erased`: of an erased person, dropped",
    )
    .labels(&[listed(
        "result",
        &["ok", "stale", "unknown_sid", "erased", "bad_signature", "malformed", "not_stored"],
    )]),
    Metric::new("onboarding_webhook_request_duration_seconds", Histogram(SHORT), Worker, "callbacks"),
    Metric::new(
        "onboarding_inbound_requests_total",
        Counter,
        Worker,
        "requests with messages of people; `repeated`: stored before; `not_stored`: Twilio delivers it again, or its list has it",
    )
    .labels(&[listed(
        "result",
        &["ok", "repeated", "bad_signature", "other_account", "other_sender", "malformed", "not_stored"],
    )])
    .on_first_event(),
    Metric::new(
        "onboarding_inbound_request_duration_seconds",
        Histogram(SHORT),
        Worker,
        "requests with messages of people",
    )
    .on_first_event(),
    Metric::new("onboarding_inbound_messages_total", Counter, Worker, "messages of people that were handled")
        .labels(&[CHANNEL, Label { name: "class", words: Words::Derived(|| Class::ALL.map(Class::as_str).to_vec()) }])
        .on_first_event(),
    Metric::new(
        "onboarding_inbound_found_total",
        Counter,
        Worker,
        "messages of people that the webhook did not get, found in Twilio's list",
    )
    .on_first_event(),
    Metric::new(
        "onboarding_inbound_unreadable_total",
        Counter,
        Worker,
        "looks at messages whose key is not in `INBOX_KEY`; such a message waits",
    )
    .on_first_event(),
    Metric::new(
        "onboarding_stop_page_requests_total",
        Counter,
        Worker,
        "requests to the page of stop links; `unavailable`: Postgres did not answer, and nothing was changed",
    )
    .labels(&[STOP_PAGE_RESULT]),
    Metric::new("onboarding_delivery_updates_total", Counter, Worker, "statuses that advanced a message")
        .labels(&[
            CHANNEL,
            listed(
                "status",
                &["queued", "sending", "sent", "delivered", "read", "undelivered", "failed", "other"],
            ),
        ]),
    Metric::new(
        "onboarding_delivery_latency_seconds",
        Histogram(LONG),
        Worker,
        "from the claim to the final status",
    ),
];
