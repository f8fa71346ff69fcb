//! What the relay reads from the environment.

use std::net::SocketAddr;

use shared::config::{Broker, DatabaseUrl, Env, Faults, Setting, insecure_allowed};
use shared::telemetry::{self, LogFormat};

/// The Postgres that holds the outbox, as a rule the portal's.
pub const OUTBOX_DATABASE_URL: Setting = Setting::required(
    "OUTBOX_DATABASE_URL",
    "the Postgres with the table onboarding_outbox, as `postgres://user@host:5432/name`",
);

/// Where metrics are served.
pub const RELAY_OPS_ADDR: Setting = Setting::new(
    "RELAY_OPS_ADDR",
    "",
    "address of the relay's /metrics, such as 127.0.0.1:9465; empty: none",
);

/// The settings of a relay.
pub struct Settings {
    pub(super) outbox: DatabaseUrl,
    pub(super) broker: Broker,
    pub(super) ops: Option<SocketAddr>,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl Settings {
    /// Reads them all, so that every fault is named at once.
    pub fn read(mut env: Env) -> Result<Self, Faults> {
        let insecure = insecure_allowed(&mut env);
        let settings = Self {
            outbox: DatabaseUrl::read(&mut env, &OUTBOX_DATABASE_URL, insecure),
            broker: Broker::read(&mut env, insecure),
            ops: env.optional(&RELAY_OPS_ADDR).and_then(|_| env.parse(&RELAY_OPS_ADDR)),
            log_format: telemetry::log_format(&mut env),
        };
        env.finish(settings)
    }
}
