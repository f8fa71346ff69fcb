//! Metrics of calls to Twilio.

use metrics::{Counter, Histogram, counter, histogram};
use tokio::time::Instant;

use super::class::Class;
use crate::observe::metric_handles::Handles;

/// Codes that get a label of their own; the rest share `other`, so that the number of series stays bounded.
const LABELLED: [(u32, &str); 25] = [
    (20003, "20003"),
    (20404, "20404"),
    (20429, "20429"),
    (20500, "20500"),
    (20503, "20503"),
    (21211, "21211"),
    (21212, "21212"),
    (21408, "21408"),
    (21606, "21606"),
    (21608, "21608"),
    (21609, "21609"),
    (21610, "21610"),
    (21611, "21611"),
    (21612, "21612"),
    (21614, "21614"),
    (21617, "21617"),
    (21635, "21635"),
    (21703, "21703"),
    (30003, "30003"),
    (30005, "30005"),
    (30006, "30006"),
    (30007, "30007"),
    (30008, "30008"),
    (30040, "30040"),
    (63038, "63038"),
];

/// Which call is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Lookup,
    List,
    Fetch,
    Service,
    Preflight,
    Account,
    Redact,
    Contents,
    Senders,
    /// The list of files, or a file.
    Media,
}

impl Operation {
    fn label(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Lookup => "lookup",
            Self::List => "list",
            Self::Fetch => "fetch",
            Self::Service => "service",
            Self::Preflight => "preflight",
            Self::Account => "account",
            Self::Redact => "redact",
            Self::Contents => "contents",
            Self::Senders => "senders",
            Self::Media => "media",
        }
    }
}

/// How the exchange ended, before its content was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Answered(u16),
    TimedOut,
    Broken,
}

impl Ended {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Broken }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Answered(200..=299) => "2xx",
            Self::Answered(429) => "429",
            Self::Answered(400..=499) => "4xx",
            Self::Answered(500..=599) => "5xx",
            Self::Answered(_) | Self::Broken => "error",
            Self::TimedOut => "timeout",
        }
    }
}

/// The series that every call has a part in.
pub(super) struct Meter {
    requests: Handles<[&'static str; 2], Counter, 8>,
    durations: Handles<&'static str, Histogram, 7>,
}

impl Meter {
    pub(super) const fn new() -> Self {
        Self { requests: Handles::new(), durations: Handles::new() }
    }

    /// Counts one call that began at `started`.
    pub(super) fn request(&self, operation: Operation, ended: Ended, started: Instant) {
        let (operation, class) = (operation.label(), ended.label());
        let register = || counter!("onboarding_twilio_requests_total", "operation" => operation, "status_class" => class);
        self.requests.with([operation, class], register, |c| c.increment(1));
        let register = || histogram!("onboarding_twilio_request_duration_seconds", "operation" => operation);
        self.durations.with(operation, register, |h| h.record(started.elapsed().as_secs_f64()));
    }
}

/// Counts one error code of Twilio's, from an answer or from a status callback.
pub(crate) fn error_code(code: Option<u32>, class: Class) {
    counter!("onboarding_twilio_errors_total", "code" => code_label(code), "class" => class.label())
        .increment(1);
}

fn code_label(code: Option<u32>) -> &'static str {
    let Some(code) = code else { return "none" };
    LABELLED.iter().find(|(labelled, _)| *labelled == code).map_or("other", |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn calls_and_codes_are_counted_with_bounded_labels() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let (meter, now) = (Meter::new(), Instant::now());
            for status in [201, 400, 404, 429, 500, 302] {
                meter.request(Operation::Create, Ended::Answered(status), now);
            }
            meter.request(Operation::Lookup, Ended::TimedOut, now);
            error_code(Some(21610), Class::OptOut);
            error_code(Some(31_999), Class::Content);
            error_code(None, Class::Content);
        });
        let text = handle.render();
        for line in [
            r#"onboarding_twilio_requests_total{operation="create",status_class="2xx"} 1"#,
            r#"onboarding_twilio_requests_total{operation="create",status_class="4xx"} 2"#,
            r#"onboarding_twilio_requests_total{operation="create",status_class="429"} 1"#,
            r#"onboarding_twilio_requests_total{operation="create",status_class="5xx"} 1"#,
            r#"onboarding_twilio_requests_total{operation="create",status_class="error"} 1"#,
            r#"onboarding_twilio_requests_total{operation="lookup",status_class="timeout"} 1"#,
            r#"onboarding_twilio_errors_total{code="21610",class="optout"} 1"#,
            r#"onboarding_twilio_errors_total{code="other",class="content"} 1"#,
            r#"onboarding_twilio_errors_total{code="none",class="content"} 1"#,
            r#"onboarding_twilio_request_duration_seconds_count{operation="create"} 6"#,
        ] {
            assert!(text.contains(line), "{line} missing in\n{text}");
        }
    }

    #[test]
    fn labels_match_their_codes() {
        for (code, label) in LABELLED {
            assert_eq!(code.to_string(), label);
        }
    }
}
