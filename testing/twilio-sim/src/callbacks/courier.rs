//! Sends one callback, with its retries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;

use super::event::Event;
use super::overrides::Failure;
use super::target::Target;

/// Callbacks in flight at the same time.
const IN_FLIGHT: usize = 256;
/// Pause before another try.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The HTTP clients of the callbacks; one per connect time limit, which is a property of the client.
#[derive(Debug)]
pub(crate) struct Courier {
    clients: Mutex<HashMap<Duration, Client>>,
    permits: Semaphore,
}

/// The result of one callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) delivered: bool,
    pub(super) tries: u32,
    /// Of the last answer, 0 if there was none.
    pub(super) last_status: u16,
}

impl Courier {
    pub(crate) fn new() -> Self {
        Self { clients: Mutex::default(), permits: Semaphore::new(IN_FLIGHT) }
    }

    pub(super) async fn deliver(&self, target: &Target, event: &Event, signature: Option<&str>) -> Delivery {
        let overrides = &target.overrides;
        let deadline = Instant::now() + overrides.total;
        let mut delivery = Delivery { delivered: false, tries: 0, last_status: 0 };
        while delivery.tries <= overrides.retries {
            if delivery.tries > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            delivery.tries += 1;
            match self.post(target, event, signature, left).await {
                Ok(status) => return Delivery { delivered: true, last_status: status, ..delivery },
                Err(failure) => {
                    delivery.last_status = if let Failure::Status(status) = failure { status } else { 0 };
                    if !overrides.policy.retries(failure) {
                        break;
                    }
                }
            }
        }
        delivery
    }

    async fn post(
        &self,
        target: &Target,
        event: &Event,
        signature: Option<&str>,
        left: Duration,
    ) -> Result<u16, Failure> {
        let Ok(_permit) = self.permits.acquire().await else { return Err(Failure::Connect) };
        let client = self.client(target.overrides.connect).map_err(|_| Failure::Connect)?;
        let mut request = client
            .post(target.url.clone())
            .timeout(left.min(target.overrides.connect + target.overrides.read))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .header(USER_AGENT, "TwilioProxy/1.1")
            .header("I-Twilio-Idempotency-Token", &event.token)
            .header("X-Home-Region", "us1")
            .body(event.body());
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(answer.status().as_u16()),
            Ok(answer) => Err(Failure::Status(answer.status().as_u16())),
            Err(error) if error.is_connect() => Err(Failure::Connect),
            Err(error) => Err(error
                .status()
                .map_or(Failure::Read, |status: StatusCode| Failure::Status(status.as_u16()))),
        }
    }

    fn client(&self, connect: Duration) -> reqwest::Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&connect) {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .tls_backend_preconfigured(no_trust())
            .connect_timeout(connect)
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        clients.insert(connect, client.clone());
        Ok(client)
    }
}

/// TLS without any trusted root: callbacks go to plain HTTP on loopback, and the process-wide provider of the
/// program around this library stays as it is.
fn no_trust() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| unreachable!("ring speaks the default protocol versions"))
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}
