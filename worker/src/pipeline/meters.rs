//! The metrics of every event.

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use shared::{
    domain::MessageKind,
    events::Event,
    phone::{Phone, Rejection},
    templates::{Wording, segments::Encoding},
};

use super::{inbound::Inbound, outcome::Outcome};
use crate::observe::metric_handles::Handles;

/// The series that every event has a part in.
pub(crate) struct Meters {
    in_flight: Handles<(), Gauge, 1>,
    received: Handles<[&'static str; 2], Counter, 4>,
    age: Handles<&'static str, Histogram, 2>,
    normalised: Handles<Option<Rejection>, Counter, 8>,
    processed: Handles<&'static str, (Counter, Histogram), 8>,
    sent: Handles<[&'static str; 3], Counter, 8>,
    segments: Handles<[&'static str; 2], Counter, 4>,
    last_sent: Handles<(), Gauge, 1>,
}

impl Meters {
    pub(crate) const fn new() -> Self {
        Self {
            in_flight: Handles::new(),
            received: Handles::new(),
            age: Handles::new(),
            normalised: Handles::new(),
            processed: Handles::new(),
            sent: Handles::new(),
            segments: Handles::new(),
            last_sent: Handles::new(),
        }
    }

    /// One more, or one less, is being handled.
    pub(crate) fn in_flight(&self, change: f64) {
        self.in_flight.with((), || gauge!("onboarding_events_in_flight"), |g| g.increment(change));
    }

    pub(super) fn received(&self, inbound: &Inbound, event: &Event) {
        let (source, version) = (inbound.source(), event.version.as_str());
        let register =
            || counter!("onboarding_events_received_total", "source" => source, "version" => version);
        self.received.with([source, version], register, |c| c.increment(1));
        if let Some(at) = event.time.at().or(inbound.published_at) {
            self.age(source, at);
        }
    }

    fn age(&self, source: &'static str, at: DateTime<Utc>) {
        let seconds = (Utc::now() - at).to_std().unwrap_or_default().as_secs_f64();
        let register = || histogram!("onboarding_event_age_seconds", "source" => source);
        self.age.with(source, register, |h| h.record(seconds));
    }

    pub(super) fn normalised(&self, phone: &Result<Phone, Rejection>) {
        let why = phone.as_ref().err().copied();
        let register = || {
            let (word, reason) = why.map_or(("ok", ""), |why| ("invalid", why.as_str()));
            counter!("onboarding_phone_normalizations_total", "result" => word, "reason" => reason)
        };
        self.normalised.with(why, register, |c| c.increment(1));
    }

    /// A delivery was handled to its end.
    pub(crate) fn processed(&self, outcome: Outcome, took: Duration) {
        let outcome = outcome.as_str();
        let register = || {
            (
                counter!("onboarding_events_processed_total", "outcome" => outcome),
                histogram!("onboarding_event_processing_seconds", "outcome" => outcome),
            )
        };
        self.processed.with(outcome, register, |(count, seconds)| {
            count.increment(1);
            seconds.record(took.as_secs_f64());
        });
    }

    pub(super) fn sent(&self, kind: MessageKind, channel: &'static str, message: &Wording) {
        let (kind, language) = (kind.as_str(), message.language().as_str());
        let register = || counter!("onboarding_messages_sent_total", "channel" => channel, "lang" => language, "kind" => kind);
        self.sent.with([kind, channel, language], register, |c| c.increment(1));
        let segments = message.segments();
        let encoding = match segments.encoding {
            Encoding::Gsm7 => "gsm7",
            Encoding::Ucs2 => "ucs2",
        };
        let register =
            || counter!("onboarding_message_segments_total", "channel" => channel, "encoding" => encoding);
        self.segments.with([channel, encoding], register, |c| c.increment(segments.segments as u64));
        let register = || gauge!("onboarding_last_message_sent_timestamp_seconds");
        self.last_sent.with((), register, |g| g.set(now_seconds()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double")]
fn now_seconds() -> f64 {
    Utc::now().timestamp() as f64
}
