//! Addresses, logs, traces.

use super::{Section, Setting};

pub(super) const RUNNING: Section = Section {
    headline: "Running it",
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
    "address of `/metrics` of `signup relay`, such as `127.0.0.1:9465`; empty: none",
);

pub const OTEL_EXPORTER_OTLP_ENDPOINT: Setting = Setting::new(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "collector that takes traces over OTLP/HTTP, such as `http://collector:4318`; empty: no traces. Other `OTEL_` variables work as OpenTelemetry defines them",
);

pub const LOG_FORMAT: Setting =
    Setting::new("LOG_FORMAT", "", "`json` or `pretty`; empty: pretty on a terminal, else json");

pub const RUST_LOG: Setting = Setting::new(
    "RUST_LOG",
    "info",
    "log filter, such as `info,worker=debug`. Libraries that could log numbers stay quiet whatever it says",
);

pub const ALLOW_INSECURE: Setting = Setting::new(
    "ALLOW_INSECURE",
    "0",
    "hosts, separated by commas, that may be reached by plain `amqp://`, `http://` and unencrypted Postgres, such as `postgres,rabbitmq`; `1`: every host; `0`: this machine alone",
);

pub const SMS_PRICE_USD: Setting = Setting::new(
    "SMS_PRICE_USD",
    "0.30",
    "price of a segment in US dollars, for the estimate of `backfill` and the cost in metrics",
);
