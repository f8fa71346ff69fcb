//! What "registered" means. One small trait, so that other methods can follow.

use async_trait::async_trait;
use shared::phone::E164;
use tokio::time::Instant;

use crate::{
    config::Method,
    gate::{Call, Echo},
    twilio::{Client, LookupOutcome, ReadFault},
};

/// The verdict on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Registered by this method: `lookup` or `none`.
    Registered(&'static str),
    /// Twilio says it is no valid number.
    Invalid,
}

/// A way of making a number reachable before it is texted. Repeating it is harmless.
#[async_trait]
pub(crate) trait Registrar: Send + Sync {
    /// Registers `phone`. Also tells how the call for it went, if there was an exchange at all.
    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> (Registration, Option<Echo>);
}

/// The registrar for a method.
pub(crate) fn registrar(method: Method, client: Client) -> Box<dyn Registrar> {
    match method {
        Method::Lookup => Box::new(Lookup(client)),
        Method::None => Box::new(OwnValidation),
    }
}

/// Twilio Lookup v2. An outage of it is passed over: it must not keep anybody from her welcome.
struct Lookup(Client);

#[async_trait]
impl Registrar for Lookup {
    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> (Registration, Option<Echo>) {
        let started = Instant::now();
        let outcome = self.0.lookup(phone.as_str(), traceparent).await;
        let echo = match &outcome {
            LookupOutcome::Unavailable { fault: ReadFault::Path(_) } => None,
            LookupOutcome::Unavailable { fault } => Some(fault.is_throttled()),
            LookupOutcome::Valid | LookupOutcome::Invalid { .. } => Some(false),
        };
        let echo = echo.map(|throttled| Echo { call: Call::Lookup, started, throttled });
        let (registration, result) = match outcome {
            LookupOutcome::Valid => (Registration::Registered("lookup"), "valid"),
            LookupOutcome::Invalid { .. } => (Registration::Invalid, "invalid"),
            LookupOutcome::Unavailable { fault } => {
                tracing::warn!(%fault, "lookup gave no answer, going on without it");
                (Registration::Registered("none"), "unavailable")
            }
        };
        metrics::counter!("onboarding_registrations_total", "method" => "lookup", "result" => result)
            .increment(1);
        (registration, echo)
    }
}

/// Our own validation, which every number has passed by now.
struct OwnValidation;

#[async_trait]
impl Registrar for OwnValidation {
    async fn register(&self, _: &E164, _: Option<&str>) -> (Registration, Option<Echo>) {
        metrics::counter!("onboarding_registrations_total", "method" => "none", "result" => "valid")
            .increment(1);
        (Registration::Registered("none"), None)
    }
}
