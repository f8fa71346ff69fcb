//! Recipients, pace and retries.

use super::{Section, Setting};

pub(super) const RECIPIENTS: Section = Section {
    headline: "Recipients",
    introduction: "",
    settings: &[
        REGISTRATION_METHOD,
        DEFAULT_REGION,
        DEFAULT_LANGUAGE,
        DEFAULT_TIME_ZONE,
        ALLOWED_COUNTRIES,
        CONSENT_FOR_ONBOARDING,
    ],
};

pub const REGISTRATION_METHOD: Setting =
    Setting::new("REGISTRATION_METHOD", "lookup", "`lookup` asks Twilio Lookup first, `none` does not");

pub const DEFAULT_REGION: Setting =
    Setting::new("DEFAULT_REGION", "NP", "region of numbers written without a country code");

pub const DEFAULT_LANGUAGE: Setting = Setting::new(
    "DEFAULT_LANGUAGE",
    "ne",
    "language of the welcome (`ne`, `en`) if the portal names another one or none",
);

pub const DEFAULT_TIME_ZONE: Setting = Setting::new(
    "DEFAULT_TIME_ZONE",
    "Asia/Kathmandu",
    "time zone of users for whom the portal names none, or one that is not known; a name of the IANA database",
);

pub const ALLOWED_COUNTRIES: Setting = Setting::new(
    "ALLOWED_COUNTRIES",
    "*",
    "comma-separated ISO 3166 codes that may be texted, or `*`; other numbers are `rejected`, `country_not_allowed`",
);

pub const CONSENT_FOR_ONBOARDING: Setting = Setting::new(
    "CONSENT_FOR_ONBOARDING",
    "off",
    "`off`: a signup is consent to one welcome. `required`: a user waits (`received`, `no_consent`) until a consent to `onboarding` is granted for the number or the user, on `sms` or `any`",
);

pub(super) const PACE: Section = Section {
    headline: "Pace",
    introduction: "",
    settings: &[
        WORKER_CONCURRENCY,
        SEND_RATE,
        BACKFILL_WINDOW,
        QUIET_HOURS,
        WELCOME_QUIET,
        MAX_MESSAGES_PER_DAY,
    ],
};

pub const WORKER_CONCURRENCY: Setting = Setting::new(
    "WORKER_CONCURRENCY",
    "10",
    "Twilio calls in flight per worker at most, 1 to 4096; fewer while Twilio answers 429 or takes far longer than usual",
);

pub const SEND_RATE: Setting = Setting::new(
    "SEND_RATE",
    "10",
    "message segments per second of all workers together; 0: unlimited. Use the same value for all workers",
);

pub const BACKFILL_WINDOW: Setting = Setting::new(
    "BACKFILL_WINDOW",
    "08:00-20:00 Asia/Kathmandu",
    "hours in which stored users are welcomed, so that shared phones stay dark at night; outside them the backfill lane waits. Live signups do not wait for them, but see `WELCOME_QUIET`. Set and empty: always",
);

pub const QUIET_HOURS: Setting = Setting::new(
    "QUIET_HOURS",
    "20:00-07:00",
    "hours of the user's time zone in which tips and notices wait, or `off`. The minute in which they end belongs to the day",
);

pub const WELCOME_QUIET: Setting = Setting::new(
    "WELCOME_QUIET",
    "0",
    "`1`: welcomes of live signups wait for the end of `QUIET_HOURS` too (`received`, `quiet`), and go out spread over the half hour after it",
);

pub const MAX_MESSAGES_PER_DAY: Setting = Setting::new(
    "MAX_MESSAGES_PER_DAY",
    "0",
    "messages of all workers together per day of Asia/Kathmandu; when it is reached, sending waits until midnight; 0: off",
);

pub(super) const RETRIES: Section = Section {
    headline: "Retries",
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
    "when the worker asks Twilio about an unknown outcome, counted from the claim; the last value is the deadline",
);

pub const UNKNOWN_POLICY: Setting = Setting::new(
    "UNKNOWN_POLICY",
    "park",
    "at the deadline: `park` for a person, or `resend_once` (the user may get the message twice)",
);

pub const STATUS_POLL_AFTER: Setting = Setting::new(
    "STATUS_POLL_AFTER",
    "1h",
    "when the worker asks for the status of an accepted message without a final status, and again each time its age has doubled, for a day",
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
    "a user whose event made no progress for longer is enqueued again; doubles each time",
);
