//! Settings that are fine alone and wrong together.

use std::{net::SocketAddr, time::Duration};

use shared::config::Env;

use super::{Config, settings};

/// No delivery may be held longer; the broker cuts it at 30 minutes (RabbitMQ docs, consumer timeout).
const HOLD_LIMIT: Duration = Duration::from_secs(300);

pub(super) fn check(env: &mut Env, config: &Config) {
    let call = config.twilio.timeout;
    if call.is_zero() || config.twilio.connect_timeout > call {
        env.fault(
            settings::TWILIO_TIMEOUT.name,
            "must be longer than zero and not shorter than TWILIO_CONNECT_TIMEOUT",
        );
    }
    if config.timing.lease < call * 2 {
        env.fault(
            settings::LEASE.name,
            "must be at least twice TWILIO_TIMEOUT, or a slow call loses its claim",
        );
    }
    if call * 2 > HOLD_LIMIT {
        env.fault(
            settings::TWILIO_TIMEOUT.name,
            "must stay under 150s: a delivery is held through two calls",
        );
    }
    if config.timing.unknown_checks.is_empty() || !config.timing.unknown_checks.is_sorted() {
        env.fault(settings::UNKNOWN_CHECKS.name, "must name at least one duration, in rising order");
    }
    if config.timing.sweep_interval < Duration::from_millis(50) {
        env.fault(settings::SWEEP_INTERVAL.name, "must be at least 50ms");
    }
    if config.timing.retry.base.is_zero() || config.timing.retry.base > config.timing.retry.max {
        env.fault(settings::RETRY_BASE.name, "must be longer than zero and not longer than RETRY_MAX");
    }
    check_admin(env, config);
}

/// The dashboard never shares a port with what has no login.
fn check_admin(env: &mut Env, config: &Config) {
    let Some(admin) = &config.admin else { return };
    for (other, name) in [(config.ops_addr, "OPS_ADDR"), (config.webhook_addr, "WEBHOOK_ADDR")] {
        if overlap(admin.addr, other) {
            env.fault(
                settings::ADMIN_ADDR.name,
                format_args!("is the address of {name}; give it another port"),
            );
        }
    }
}

fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let same_host = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && same_host
}
