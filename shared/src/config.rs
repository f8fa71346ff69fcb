//! Configuration from the environment. All faults are reported at once, each with what to do.

mod broker;
mod database;
mod env;
mod faults;
mod host;

pub use broker::{AmqpUrl, Broker, Namespace};
pub use database::DatabaseUrl;
pub use env::{Env, Setting};
pub use faults::{Fault, Faults};
pub use host::{insecure_allowed, refuse_plain_http};

/// Settings that more than one program reads.
pub mod settings {
    use super::Setting;

    /// Postgres.
    pub const DATABASE_URL: Setting =
        Setting::required("DATABASE_URL", "Postgres, as `postgres://user@host:5432/name`");
    /// RabbitMQ.
    pub const AMQP_URL: Setting =
        Setting::required("AMQP_URL", "RabbitMQ, as `amqps://user:password@host:5671/vhost`");
    /// Prefix of every exchange and queue.
    pub const AMQP_NAMESPACE: Setting =
        Setting::new("AMQP_NAMESPACE", "", "`x` gives `x.aamcare.events`, `x.onboarding.live`, …");
    /// Region of numbers without a country code.
    pub const DEFAULT_REGION: Setting =
        Setting::new("DEFAULT_REGION", "NP", "region of numbers written without a country code");
    /// Countries that may be texted.
    pub const ALLOWED_COUNTRIES: Setting =
        Setting::new("ALLOWED_COUNTRIES", "*", "comma-separated ISO 3166 codes that may be texted, or `*`");
    /// Plain connections to other hosts.
    pub const ALLOW_INSECURE: Setting = Setting::new(
        "ALLOW_INSECURE",
        "0",
        "`1` allows unencrypted connections to hosts that are not loopback",
    );
    /// Hours of the backfill lane. An empty value means always.
    pub const BACKFILL_WINDOW: Setting = Setting::new(
        "BACKFILL_WINDOW",
        "08:00-20:00 Asia/Kathmandu",
        "hours in which stored users are welcomed; live signups always are; empty: always",
    );
    /// What a segment costs.
    pub const SMS_PRICE_USD: Setting =
        Setting::new("SMS_PRICE_USD", "0.30", "price of a segment in US dollars, for estimates and metrics");
    /// Log lines.
    pub const LOG_FORMAT: Setting =
        Setting::new("LOG_FORMAT", "", "`json` or `pretty`; unset: pretty on a terminal, else json");
    /// Log filter.
    pub const RUST_LOG: Setting = Setting::new("RUST_LOG", "info", "log filter, such as `info,worker=debug`");
}
