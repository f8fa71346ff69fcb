//! When things are tried again.

use std::time::Duration;

use shared::{
    config::{Env, settings},
    domain::RetryPolicy,
};

/// What becomes of an unknown outcome at its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownPolicy {
    /// An operator decides.
    Park,
    /// One more attempt is made. The user may get the message twice.
    ResendOnce,
}

/// When things are tried again.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) lease: Duration,
    pub(crate) sweep_interval: Duration,
    pub(crate) sweep_grace: Duration,
    pub(crate) unknown_checks: Vec<Duration>,
    pub(crate) unknown_policy: UnknownPolicy,
    pub(crate) status_poll_after: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_for: Duration,
    pub(crate) probe: RetryPolicy,
}

impl Timing {
    pub(super) fn read(env: &mut Env) -> Self {
        Self {
            lease: env.duration(&settings::LEASE),
            sweep_interval: env.duration(&settings::SWEEP_INTERVAL),
            sweep_grace: env.duration(&settings::SWEEP_GRACE),
            unknown_checks: env.durations(&settings::UNKNOWN_CHECKS),
            unknown_policy: unknown_policy(env),
            status_poll_after: env.duration(&settings::STATUS_POLL_AFTER),
            retry: RetryPolicy {
                base: env.duration(&settings::RETRY_BASE),
                max: env.duration(&settings::RETRY_MAX),
            },
            retry_for: env.duration(&settings::RETRY_FOR),
            probe: probe(env),
        }
    }

    /// When Twilio is first asked about an unknown outcome, counted from the claim.
    pub(crate) fn first_check(&self) -> Duration {
        self.unknown_checks.first().copied().unwrap_or(Duration::from_secs(30))
    }
}

fn unknown_policy(env: &mut Env) -> UnknownPolicy {
    match env.text(&settings::UNKNOWN_POLICY).as_str() {
        "park" => UnknownPolicy::Park,
        "resend_once" => UnknownPolicy::ResendOnce,
        other => {
            env.fault(
                settings::UNKNOWN_POLICY.name,
                format_args!("{other:?} is neither `park` nor `resend_once`"),
            );
            UnknownPolicy::Park
        }
    }
}

fn probe(env: &mut Env) -> RetryPolicy {
    let text = env.text(&settings::BREAKER_PROBE);
    let parsed = text.split_once("..").and_then(|(base, max)| {
        let (base, max) = (humantime::parse_duration(base).ok()?, humantime::parse_duration(max).ok()?);
        (base <= max && !base.is_zero()).then_some(RetryPolicy { base, max })
    });
    parsed.unwrap_or_else(|| {
        env.fault(settings::BREAKER_PROBE.name, "must be a range such as `5s..5m`");
        RetryPolicy { base: Duration::from_secs(5), max: Duration::from_secs(300) }
    })
}
