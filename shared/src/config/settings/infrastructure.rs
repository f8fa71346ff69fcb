//! Endpoints of other services, our own addresses, logs and traces, and the retention of data.

use super::{Section, Setting};

pub(super) const ENDPOINTS: Section = Section {
    headline: "Endpoints",
    introduction: "",
    settings: &[DATABASE_URL, AMQP_URL, AMQP_NAMESPACE, EVENTS_OUT, PORTAL_DATABASE_URL, OUTBOX_DATABASE_URL],
};

pub const DATABASE_URL: Setting = Setting::required("DATABASE_URL", "Postgres, as `postgres://user@host:5432/name`; to another host with `?sslmode=verify-full` (with `require` the server's certificate is not checked, and a warning says so), on this machine without TLS unless the URL says `require`").secret();

pub const AMQP_URL: Setting = Setting::required(
    "AMQP_URL",
    "RabbitMQ, as `amqps://user:password@host:5671/vhost`; a heartbeat of 10 s is added unless it names one",
)
.secret();

pub const AMQP_NAMESPACE: Setting = Setting::new(
    "AMQP_NAMESPACE",
    "",
    "prefix of every exchange and queue, so that stages and tests share a broker: `x` gives `x.aamcare.events`, `x.onboarding.live`, …",
);

pub const EVENTS_OUT: Setting = Setting::new(
    "EVENTS_OUT",
    "0",
    "`1`: publish recorded consents and rejected numbers for the portal, which must bind a queue. The worker that starts last decides for all programs: use the same value for all workers",
);

pub const PORTAL_DATABASE_URL: Setting = Setting::required(
    "PORTAL_DATABASE_URL",
    "the portal's Postgres, as `postgres://user@host:5432/name`, with TLS as in `DATABASE_URL`; it is only read",
)
.secret()
.only_for("`import portal`");

pub const OUTBOX_DATABASE_URL: Setting = Setting::required("OUTBOX_DATABASE_URL", "the Postgres with the table `onboarding_outbox`, usually the portal's, as `postgres://user@host:5432/name`, with TLS as in `DATABASE_URL`").secret().only_for("`signup relay`");

pub(super) const RUNNING: Section = Section {
    headline: "Operation",
    introduction: "",
    settings: &[
        OPS_ADDR,
        RELAY_OPS_ADDR,
        OTEL_EXPORTER_OTLP_ENDPOINT,
        LOG_FORMAT,
        RUST_LOG,
        ALLOW_INSECURE,
        SMS_PRICE_USD,
    ],
};

pub const OPS_ADDR: Setting = Setting::new(
    "OPS_ADDR",
    "127.0.0.1:9464",
    "address of `/livez`, `/readyz` and `/metrics`; port 0: any free one, logged",
);

pub const RELAY_OPS_ADDR: Setting = Setting::new(
    "RELAY_OPS_ADDR",
    "",
    "address of `/metrics` of `signup relay`, such as `127.0.0.1:9465`; empty: does not listen",
);

pub const OTEL_EXPORTER_OTLP_ENDPOINT: Setting = Setting::new(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "collector that receives traces over OTLP/HTTP, such as `http://collector:4318`; empty: no traces. Other `OTEL_` variables work as OpenTelemetry defines them",
);

pub const LOG_FORMAT: Setting =
    Setting::new("LOG_FORMAT", "", "`json` or `pretty`; empty: pretty on a terminal, else json");

pub const RUST_LOG: Setting = Setting::new(
    "RUST_LOG",
    "info",
    "log filter, such as `info,worker=debug`. It cannot make libraries log numbers",
);

pub const ALLOW_INSECURE: Setting = Setting::new(
    "ALLOW_INSECURE",
    "0",
    "hosts, separated by commas, that may be reached by plain `amqp://`, `http://` and unencrypted Postgres, such as `postgres,rabbitmq`; `1`: every host; `0`: only this machine",
);

pub const SMS_PRICE_USD: Setting = Setting::new(
    "SMS_PRICE_USD",
    "0.30",
    "price of a segment in US dollars, for the estimate of `backfill` and the cost in metrics",
);

pub(super) const RETENTION: Section = Section {
    headline: "Retention",
    introduction: "`worker run` deletes older data every `PRUNE_INTERVAL`, and `worker prune` at once. A period of `0` keeps the data permanently.\nWelcomes, users, consents, suppressions and the audit log are never deleted ([privacy.md](privacy.md)).",
    settings: &[
        PRUNE_INTERVAL,
        KEEP_DELIVERY_TRIES,
        KEEP_STATUS_CALLBACKS,
        KEEP_DEAD_LETTER_BODIES,
        KEEP_DAILY_BUDGET,
        KEEP_CASES,
        KEEP_INBOX,
        KEEP_TIP_DAYS,
        KEEP_MESSAGES,
    ],
};

pub const PRUNE_INTERVAL: Setting = Setting::new(
    "PRUNE_INTERVAL",
    "1h",
    "time between two runs of the worker's deletions; the first run waits for a day after an upgrade. `0`: only `worker prune` deletes",
);

pub const KEEP_DELIVERY_TRIES: Setting =
    Setting::new("KEEP_DELIVERY_TRIES", "30d", "counts of redelivered messages");

pub const KEEP_STATUS_CALLBACKS: Setting = Setting::new(
    "KEEP_STATUS_CALLBACKS",
    "90d",
    "status callbacks as received; their effect stays in the attempt",
);

pub const KEEP_DEAD_LETTER_BODIES: Setting = Setting::new(
    "KEEP_DEAD_LETTER_BODIES",
    "90d",
    "body and headers of replayed dead letters, counted from the replay; the row stays",
);

pub const KEEP_DAILY_BUDGET: Setting = Setting::new("KEEP_DAILY_BUDGET", "400d", "messages claimed per day");

pub const KEEP_CASES: Setting = Setting::new(
    "KEEP_CASES",
    "90d",
    "tasks for staff (the view `needs_person`), counted from their closing",
);

pub const KEEP_INBOX: Setting = Setting::new(
    "KEEP_INBOX",
    "90d",
    "texts and authors of inbound messages that were handled, counted from their arrival, and conversations, counted from their closing; when a message came, and how it was understood, stays",
);

pub const KEEP_TIP_DAYS: Setting = Setting::new(
    "KEEP_TIP_DAYS",
    "400d",
    "tips, with their attempts. Months hold tips and other messages alike, so the longer period of `KEEP_TIP_DAYS` and `KEEP_MESSAGES` counts for both",
);

/// Messages of other kinds than the welcome.
pub const KEEP_MESSAGES: Setting = Setting::new(
    "KEEP_MESSAGES",
    "400d",
    "messages that are no welcome, with their attempts; whole months are dropped. Welcomes are kept permanently",
);
