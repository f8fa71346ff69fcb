//! The environment of a worker in a test.

use std::collections::BTreeMap;

use crate::{Broker, Database, Proxies, proxies::via};

/// The simulator's built-in account, and times so short that a scenario takes seconds.
const FIXED: [(&str, &str); 23] = [
    ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    ("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"),
    ("TWILIO_MESSAGING_SERVICE_SID", "MG00000000000000000000000000000001"),
    ("QUIET_HOURS", "off"),
    ("SEND_RATE", "0"),
    ("BACKFILL_WINDOW", ""),
    ("OPS_ADDR", "127.0.0.1:0"),
    ("WEBHOOK_ADDR", "127.0.0.1:0"),
    ("LEASE", "4s"),
    ("TWILIO_TIMEOUT", "2s"),
    ("TWILIO_CONNECT_TIMEOUT", "1s"),
    ("SWEEP_INTERVAL", "100ms"),
    ("SWEEP_GRACE", "2s"),
    ("UNKNOWN_CHECKS", "1s,2s,3s"),
    ("UNKNOWN_POLICY", "park"),
    ("RETRY_BASE", "50ms"),
    ("RETRY_MAX", "1s"),
    ("BREAKER_PROBE", "200ms..1s"),
    ("REGISTRATION_METHOD", "lookup"),
    ("WORKER_CONCURRENCY", "10"),
    ("ALLOW_INSECURE", "0"),
    ("LOG_FORMAT", "json"),
    ("RUST_LOG", "info"),
];

/// Everything a worker needs, all ways through the proxies.
pub(crate) fn settings(
    database: &Database,
    broker: &Broker,
    proxies: &Proxies,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut env: BTreeMap<String, String> =
        FIXED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let twilio = format!("http://{}", proxies.twilio.address());
    for product in ["API", "LOOKUPS", "MESSAGING", "ACCOUNTS", "CONTENT"] {
        let name = format!("TWILIO_{product}_BASE_URL");
        env.insert(name, twilio.clone());
    }
    env.insert("DATABASE_URL".to_owned(), via(database.url(), &proxies.database)?);
    env.insert("AMQP_URL".to_owned(), via(broker.server().url(), &proxies.broker)?);
    env.insert("AMQP_NAMESPACE".to_owned(), broker.namespace().to_owned());
    env.insert("PUBLIC_URL".to_owned(), format!("http://{}", proxies.webhook.address()));
    Ok(env)
}
