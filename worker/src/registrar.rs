//! What "registered" means. One small trait, so that other methods can follow.

use async_trait::async_trait;
use shared::phone::E164;

use crate::{
    config::Method,
    twilio::{Client, LookupOutcome},
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
    /// Registers `phone`.
    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> Registration;
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
    async fn register(&self, phone: &E164, traceparent: Option<&str>) -> Registration {
        let (registration, result) = match self.0.lookup(phone.as_str(), traceparent).await {
            LookupOutcome::Valid => (Registration::Registered("lookup"), "valid"),
            LookupOutcome::Invalid { .. } => (Registration::Invalid, "invalid"),
            LookupOutcome::Unavailable { fault } => {
                tracing::warn!(%fault, "lookup gave no answer, going on without it");
                (Registration::Registered("none"), "unavailable")
            }
        };
        metrics::counter!("onboarding_registrations_total", "method" => "lookup", "result" => result)
            .increment(1);
        registration
    }
}

/// Our own validation, which every number has passed by now.
struct OwnValidation;

#[async_trait]
impl Registrar for OwnValidation {
    async fn register(&self, _: &E164, _: Option<&str>) -> Registration {
        metrics::counter!("onboarding_registrations_total", "method" => "none", "result" => "valid")
            .increment(1);
        Registration::Registered("none")
    }
}
