//! When things are tried again.

use super::{Section, Setting};

pub(super) const RETRIES: Section = Section {
    headline: "When things are tried again",
    introduction: "",
    settings: &[
        LEASE,
        UNKNOWN_CHECKS,
        UNKNOWN_POLICY,
        STATUS_POLL_AFTER,
        RETRY_BASE,
        RETRY_MAX,
        RETRY_FOR,
        BREAKER_PROBE,
        SWEEP_INTERVAL,
        SWEEP_GRACE,
    ],
};

pub const LEASE: Setting = Setting::new(
    "LEASE",
    "90s",
    "a claim without an outcome for longer becomes unknown; at least twice `TWILIO_TIMEOUT`",
);

pub const UNKNOWN_CHECKS: Setting = Setting::new(
    "UNKNOWN_CHECKS",
    "30s,2m,5m,15m",
    "when Twilio is asked about an unknown outcome, counted from the claim; the last is the deadline",
);

pub const UNKNOWN_POLICY: Setting = Setting::new(
    "UNKNOWN_POLICY",
    "park",
    "at the deadline: `park` for a person, or `resend_once` (she may get the message twice)",
);

pub const STATUS_POLL_AFTER: Setting = Setting::new(
    "STATUS_POLL_AFTER",
    "1h",
    "an accepted message without a final status is asked for after this, and each time its age has doubled, for a day",
);

pub const RETRY_BASE: Setting =
    Setting::new("RETRY_BASE", "1s", "first retry delay; doubles, with full jitter");

pub const RETRY_MAX: Setting = Setting::new("RETRY_MAX", "1h", "longest retry delay");

pub const RETRY_FOR: Setting =
    Setting::new("RETRY_FOR", "72h", "temporary refusals that last longer are final");

pub const BREAKER_PROBE: Setting = Setting::new(
    "BREAKER_PROBE",
    "5s..5m",
    "shortest and longest gap between probes while the breaker is open",
);

pub const SWEEP_INTERVAL: Setting =
    Setting::new("SWEEP_INTERVAL", "1s", "how often Postgres is searched for due work; at least 50ms");

pub const SWEEP_GRACE: Setting = Setting::new(
    "SWEEP_GRACE",
    "60s",
    "a user whose event made no progress for longer is enqueued again; doubles with every time",
);
