//! Settings that are fine alone and wrong together.

use std::{net::SocketAddr, time::Duration};

use shared::config::{Env, settings};

use super::{timing::Timing, twilio::TwilioConfig};

/// No delivery may be held longer; the broker cuts it at 30 minutes (RabbitMQ docs, consumer timeout).
const HOLD_LIMIT: Duration = Duration::from_secs(300);

pub(super) fn check(env: &mut Env, twilio: &TwilioConfig, timing: &Timing) {
    let call = twilio.timeout;
    if call.is_zero() || twilio.connect_timeout > call {
        env.fault(
            settings::TWILIO_TIMEOUT.name,
            "must be longer than zero and not shorter than TWILIO_CONNECT_TIMEOUT",
        );
    }
    if timing.lease < call * 2 {
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
    if timing.unknown_checks.is_empty() || !timing.unknown_checks.is_sorted() {
        env.fault(settings::UNKNOWN_CHECKS.name, "must name at least one duration, in rising order");
    }
    if timing.sweep_interval < Duration::from_millis(50) {
        env.fault(settings::SWEEP_INTERVAL.name, "must be at least 50ms");
    }
    if timing.retry.base.is_zero() || timing.retry.base > timing.retry.max {
        env.fault(settings::RETRY_BASE.name, "must be longer than zero and not longer than RETRY_MAX");
    }
}

/// The dashboard never shares a port with endpoints that need no login.
pub(super) fn check_admin(env: &mut Env, addr: SocketAddr, others: [(SocketAddr, &str); 2]) {
    for (other, name) in others {
        if overlap(addr, other) {
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
