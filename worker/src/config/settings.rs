//! Every variable that only the worker reads.

use shared::config::Setting;

pub(crate) const TWILIO_ACCOUNT_SID: Setting = Setting::required(
    "TWILIO_ACCOUNT_SID",
    "The account, `AC` and 32 hex digits: Twilio console, Account info",
);
pub(crate) const TWILIO_AUTH_TOKEN: Setting = Setting::required(
    "TWILIO_AUTH_TOKEN",
    "The account's auth token; it also checks callbacks. Several, separated by commas, during rotation: the first one sends",
);
pub(crate) const TWILIO_API_KEY_SID: Setting =
    Setting::new("TWILIO_API_KEY_SID", "", "an API key to send with, instead of the token");
pub(crate) const TWILIO_API_KEY_SECRET: Setting =
    Setting::new("TWILIO_API_KEY_SECRET", "", "the secret of that key");
pub(crate) const TWILIO_MESSAGING_SERVICE_SID: Setting = Setting::new(
    "TWILIO_MESSAGING_SERVICE_SID",
    "",
    "the Messaging Service to send with; or set TWILIO_FROM",
);
pub(crate) const TWILIO_FROM: Setting =
    Setting::new("TWILIO_FROM", "", "a sender of the account, when there is no Messaging Service");
pub(crate) const TWILIO_API_BASE_URL: Setting =
    Setting::new("TWILIO_API_BASE_URL", "https://api.twilio.com", "host of the messages API");
pub(crate) const TWILIO_LOOKUPS_BASE_URL: Setting =
    Setting::new("TWILIO_LOOKUPS_BASE_URL", "https://lookups.twilio.com", "host of Lookup");
pub(crate) const TWILIO_MESSAGING_BASE_URL: Setting =
    Setting::new("TWILIO_MESSAGING_BASE_URL", "https://messaging.twilio.com", "host of Messaging Services");
pub(crate) const TWILIO_ACCOUNTS_BASE_URL: Setting = Setting::new(
    "TWILIO_ACCOUNTS_BASE_URL",
    "https://accounts.twilio.com",
    "host of the permissions by country, which only `worker doctor` asks",
);
pub(crate) const TWILIO_CONNECT_TIMEOUT: Setting =
    Setting::new("TWILIO_CONNECT_TIMEOUT", "5s", "a connection that takes longer was never made");
pub(crate) const TWILIO_TIMEOUT: Setting =
    Setting::new("TWILIO_TIMEOUT", "30s", "a call that takes longer has an unknown outcome");
pub(crate) const REGISTRATION_METHOD: Setting =
    Setting::new("REGISTRATION_METHOD", "lookup", "`lookup` asks Twilio Lookup first, `none` does not");
pub(crate) const DEFAULT_LANGUAGE: Setting =
    Setting::new("DEFAULT_LANGUAGE", "ne", "language of the welcome when the portal names none that we have");
pub(crate) const WORKER_CONCURRENCY: Setting =
    Setting::new("WORKER_CONCURRENCY", "10", "Twilio calls in flight per worker at most");
pub(crate) const SEND_RATE: Setting =
    Setting::new("SEND_RATE", "10", "message segments per second of all workers together; 0: unlimited");
pub(crate) const MAX_MESSAGES_PER_DAY: Setting = Setting::new(
    "MAX_MESSAGES_PER_DAY",
    "0",
    "messages per day of Asia/Kathmandu; reaching it holds everything until midnight; 0: off",
);
pub(crate) const OPS_ADDR: Setting = Setting::new(
    "OPS_ADDR",
    "127.0.0.1:9464",
    "address of /livez, /readyz and /metrics; port 0: any free one, logged",
);
pub(crate) const OTEL_EXPORTER_OTLP_ENDPOINT: Setting = Setting::new(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "collector that takes traces over OTLP/HTTP, such as http://collector:4318; empty: no traces",
);
pub(crate) const WEBHOOK_ADDR: Setting =
    Setting::new("WEBHOOK_ADDR", "127.0.0.1:8080", "address that takes Twilio's status callbacks");
pub(crate) const PUBLIC_URL: Setting = Setting::new(
    "PUBLIC_URL",
    "",
    "how Twilio reaches WEBHOOK_ADDR, such as https://hooks.example.org; unset: no callbacks",
);
pub(crate) const LEASE: Setting = Setting::new(
    "LEASE",
    "90s",
    "a claim without an outcome for longer becomes unknown; at least twice TWILIO_TIMEOUT",
);
pub(crate) const SWEEP_INTERVAL: Setting =
    Setting::new("SWEEP_INTERVAL", "1s", "how often Postgres is searched for due work");
pub(crate) const SWEEP_GRACE: Setting =
    Setting::new("SWEEP_GRACE", "60s", "a user whose event made no progress for longer is enqueued again");
pub(crate) const UNKNOWN_CHECKS: Setting = Setting::new(
    "UNKNOWN_CHECKS",
    "30s,2m,5m,15m",
    "when Twilio is asked about an unknown outcome, counted from the claim; the last is the deadline",
);
pub(crate) const UNKNOWN_POLICY: Setting =
    Setting::new("UNKNOWN_POLICY", "park", "at the deadline: `park` for a person, or `resend_once`");
pub(crate) const RETRY_BASE: Setting =
    Setting::new("RETRY_BASE", "1s", "first retry delay; doubles, with full jitter");
pub(crate) const RETRY_MAX: Setting = Setting::new("RETRY_MAX", "1h", "longest retry delay");
pub(crate) const RETRY_FOR: Setting =
    Setting::new("RETRY_FOR", "72h", "temporary refusals that last longer are final");
pub(crate) const BREAKER_PROBE: Setting = Setting::new(
    "BREAKER_PROBE",
    "5s..5m",
    "shortest and longest gap between probes while the breaker is open",
);

pub(crate) const KEEP_DELIVERY_TRIES: Setting = Setting::new(
    "KEEP_DELIVERY_TRIES",
    "30d",
    "`worker prune` forgets older counts of redeliveries; 0: never",
);
pub(crate) const KEEP_STATUS_CALLBACKS: Setting =
    Setting::new("KEEP_STATUS_CALLBACKS", "90d", "`worker prune` forgets older status callbacks; 0: never");
pub(crate) const KEEP_DEAD_LETTER_BODIES: Setting = Setting::new(
    "KEEP_DEAD_LETTER_BODIES",
    "90d",
    "`worker prune` empties dead letters that were replayed longer ago; 0: never",
);
pub(crate) const KEEP_DAILY_BUDGET: Setting =
    Setting::new("KEEP_DAILY_BUDGET", "400d", "`worker prune` forgets the budget of older days; 0: never");
pub(crate) const ADMIN_ADDR: Setting =
    Setting::new("ADMIN_ADDR", "", "address of the dashboard, such as 127.0.0.1:9465; unset: no dashboard");
pub(crate) const ADMIN_USERS_FILE: Setting = Setting::new(
    "ADMIN_USERS_FILE",
    "",
    "file of those who may sign in to the dashboard, a line each, made by `worker admin-hash`",
);
pub(crate) const ADMIN_PROXY_HEADER: Setting = Setting::new(
    "ADMIN_PROXY_HEADER",
    "",
    "header in which a proxy names who is signed in, such as X-Forwarded-User",
);
pub(crate) const ADMIN_PROXY_SECRET: Setting = Setting::new(
    "ADMIN_PROXY_SECRET",
    "",
    "what the proxy sends as X-Admin-Proxy-Secret; 16 characters or more",
);
pub(crate) const ADMIN_PROXY_OPERATORS: Setting = Setting::new(
    "ADMIN_PROXY_OPERATORS",
    "",
    "names from ADMIN_PROXY_HEADER that may act, separated by commas; the others look",
);
pub(crate) const TRUSTED_PROXIES: Setting = Setting::new(
    "TRUSTED_PROXIES",
    "",
    "addresses or CIDRs of proxies whose headers the dashboard believes, separated by commas",
);

/// All of them, in the order of the documentation.
#[cfg(test)]
pub(crate) const ALL: &[Setting] = &[
    TWILIO_ACCOUNT_SID,
    TWILIO_AUTH_TOKEN,
    TWILIO_API_KEY_SID,
    TWILIO_API_KEY_SECRET,
    TWILIO_MESSAGING_SERVICE_SID,
    TWILIO_FROM,
    TWILIO_API_BASE_URL,
    TWILIO_LOOKUPS_BASE_URL,
    TWILIO_MESSAGING_BASE_URL,
    TWILIO_ACCOUNTS_BASE_URL,
    TWILIO_CONNECT_TIMEOUT,
    TWILIO_TIMEOUT,
    REGISTRATION_METHOD,
    DEFAULT_LANGUAGE,
    WORKER_CONCURRENCY,
    SEND_RATE,
    MAX_MESSAGES_PER_DAY,
    OPS_ADDR,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    WEBHOOK_ADDR,
    PUBLIC_URL,
    LEASE,
    SWEEP_INTERVAL,
    SWEEP_GRACE,
    UNKNOWN_CHECKS,
    UNKNOWN_POLICY,
    RETRY_BASE,
    RETRY_MAX,
    RETRY_FOR,
    BREAKER_PROBE,
    KEEP_DELIVERY_TRIES,
    KEEP_STATUS_CALLBACKS,
    KEEP_DEAD_LETTER_BODIES,
    KEEP_DAILY_BUDGET,
    ADMIN_ADDR,
    ADMIN_USERS_FILE,
    ADMIN_PROXY_HEADER,
    ADMIN_PROXY_SECRET,
    ADMIN_PROXY_OPERATORS,
    TRUSTED_PROXIES,
];
