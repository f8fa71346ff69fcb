//! What the relay reads from the environment.

use std::net::SocketAddr;

use shared::config::{
    Broker, DatabaseUrl, Env, Faults, insecure_allowed,
    settings::{OUTBOX_DATABASE_URL, RELAY_OPS_ADDR},
};
use shared::telemetry::{self, LogFormat};

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
        let insecure = &insecure_allowed(&mut env);
        let settings = Self {
            outbox: DatabaseUrl::read(&mut env, &OUTBOX_DATABASE_URL, insecure),
            broker: Broker::read(&mut env, insecure),
            ops: env.optional(&RELAY_OPS_ADDR).and_then(|_| env.parse(&RELAY_OPS_ADDR)),
            log_format: telemetry::log_format(&mut env),
        };
        env.finish(settings)
    }
}
