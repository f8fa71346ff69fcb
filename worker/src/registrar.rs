//! What "registered" means. One small trait, so that other methods can follow.

use std::{
    sync::{Mutex, PoisonError, atomic::AtomicU32, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use shared::phone::E164;
use tokio::time::Instant;

use crate::{
    config::Method,
    throttle::{Call, CallSample},
    twilio::{Client, LookupOutcome, ReadFault},
};

/// After this many Lookups in a row without an answer, Lookup is skipped.
const FAILURES: u32 = 3;
/// For this long; then one Lookup tries again.
const SKIP_FOR: Duration = Duration::from_secs(30);

/// The result of a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Registered by this method: `lookup` or `none`.
    Registered(&'static str),
    /// Twilio says that the number is invalid.
    Invalid,
}

/// A way of making a number reachable before it is texted. Repeating it is harmless.
#[async_trait]
pub(crate) trait Registrar: Send + Sync {
    /// Whether numbers are registered without a call for now, and so without a permit.
    fn skips(&self) -> bool;

    /// Whether to look the number up. Ask while holding the permit: many calls may have waited for one.
    fn calls(&self) -> bool;

    /// Registers `phone` by a call. Also returns how the call went, if there was an exchange at all.
    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> (Registration, Option<CallSample>);

    /// Registers a number without a call.
    fn pass(&self) -> Registration;
}

/// The registrar for a method.
pub(crate) fn registrar(method: Method, client: Client, limit: Duration) -> Box<dyn Registrar> {
    match method {
        Method::Lookup => Box::new(Lookup { client, limit, health: Health::default() }),
        Method::None => Box::new(OwnValidation),
    }
}

/// Twilio Lookup v2. An outage of Lookup is ignored: it must not delay any welcome.
struct Lookup {
    client: Client,
    limit: Duration,
    health: Health,
}

#[async_trait]
impl Registrar for Lookup {
    fn skips(&self) -> bool {
        self.health.is_bad(Instant::now())
    }

    fn calls(&self) -> bool {
        self.health.is_good(Instant::now())
    }

    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> (Registration, Option<CallSample>) {
        let started = Instant::now();
        let outcome = self.client.lookup(phone.as_str(), traceparent, self.limit).await;
        let echo = match &outcome {
            LookupOutcome::Unavailable { fault: ReadFault::Path(_) } => None,
            LookupOutcome::Unavailable { fault } => Some(fault.is_throttled()),
            LookupOutcome::Valid | LookupOutcome::Invalid { .. } => Some(false),
        };
        let echo = echo.map(|throttled| CallSample { call: Call::Lookup, started, throttled });
        let answered = !matches!(
            outcome,
            LookupOutcome::Unavailable { fault: ReadFault::Timeout | ReadFault::Lost | ReadFault::Path(_) }
        );
        self.health.note(answered, Instant::now());
        let (registration, result) = match outcome {
            LookupOutcome::Valid => (Registration::Registered("lookup"), "valid"),
            LookupOutcome::Invalid { .. } => (Registration::Invalid, "invalid"),
            LookupOutcome::Unavailable { fault } => {
                tracing::warn!(%fault, "lookup gave no answer, going on without it");
                (Registration::Registered("none"), "unavailable")
            }
        };
        count("lookup", result);
        (registration, echo)
    }

    fn pass(&self) -> Registration {
        count("lookup", "skipped");
        Registration::Registered("none")
    }
}

/// Whether Lookup answers.
#[derive(Default)]
struct Health {
    failures: AtomicU32,
    skip_until: Mutex<Option<Instant>>,
}

impl Health {
    /// Whether to call. Once the time of skipping is over, one call tries, and the others skip for another while.
    fn is_good(&self, now: Instant) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES {
            return true;
        }
        let mut until = self.skip_until.lock().unwrap_or_else(PoisonError::into_inner);
        let over = until.is_none_or(|until| now >= until);
        if over {
            *until = Some(now + SKIP_FOR);
        }
        over
    }

    /// Whether the time of skipping is not over.
    fn is_bad(&self, now: Instant) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
            && self.skip_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }

    fn note(&self, answered: bool, now: Instant) {
        if answered {
            if self.failures.load(Ordering::Relaxed) != 0 {
                self.failures.store(0, Ordering::Relaxed);
            }
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            tracing::warn!(skipped_for = ?SKIP_FOR, "lookup gives no answer, going on without it for a while");
            *self.skip_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + SKIP_FOR);
        }
    }
}

/// Our own validation, which every number has passed by now.
struct OwnValidation;

#[async_trait]
impl Registrar for OwnValidation {
    fn skips(&self) -> bool {
        true
    }

    fn calls(&self) -> bool {
        false
    }

    async fn register(&self, _: &E164, _: Option<&str>) -> (Registration, Option<CallSample>) {
        (self.pass(), None)
    }

    fn pass(&self) -> Registration {
        count("none", "valid");
        Registration::Registered("none")
    }
}

fn count(method: &'static str, result: &'static str) {
    metrics::counter!("onboarding_registrations_total", "method" => method, "result" => result).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_three_calls_without_an_answer_one_in_a_while_tries() {
        let health = Health::default();
        health.note(false, Instant::now());
        health.note(false, Instant::now());
        assert!(health.is_good(Instant::now()));
        health.note(false, Instant::now());
        assert!(health.is_bad(Instant::now()) && !health.is_good(Instant::now()));
        tokio::time::advance(SKIP_FOR).await;
        assert!(!health.is_bad(Instant::now()) && health.is_good(Instant::now()), "one tries");
        assert!(!health.is_good(Instant::now()), "the others skip it");
        health.note(true, Instant::now());
        assert!(health.is_good(Instant::now()) && health.is_good(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_between_ends_the_row() {
        let health = Health::default();
        for answered in [false, false, true, false, false] {
            health.note(answered, Instant::now());
        }
        assert!(health.is_good(Instant::now()));
    }
}
