//! Sends one callback or webhook, with its retries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;

use super::overrides::Failure;
use super::target::Target;

/// Callbacks in flight at the same time.
const IN_FLIGHT: usize = 256;
/// Longest answer kept, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Pause before another try.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The HTTP clients of the callbacks; one per connect time limit, which is a property of the client.
#[derive(Debug)]
pub(crate) struct Courier {
    clients: Mutex<HashMap<Duration, Client>>,
    permits: Semaphore,
}

/// One request, ready to be sent any number of times.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// `I-Twilio-Idempotency-Token`.
    pub(crate) token: &'a str,
    /// Encoded form fields.
    pub(crate) body: String,
    /// `X-Twilio-Signature`; none leaves the header out.
    pub(crate) signature: Option<String>,
}

/// The result of one callback or webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The receiver answered 2xx.
    pub(crate) delivered: bool,
    pub(crate) tries: u32,
    /// Of the last answer, 0 if there was none.
    pub(crate) last_status: u16,
    /// Of an answer 2xx.
    pub(crate) content_type: Option<String>,
    /// Of an answer 2xx, its beginning if it is long.
    pub(crate) body: String,
}

impl Courier {
    pub(crate) fn new() -> Self {
        Self { clients: Mutex::default(), permits: Semaphore::new(IN_FLIGHT) }
    }

    pub(crate) async fn deliver(&self, target: &Target, letter: &Letter<'_>) -> Delivery {
        let overrides = &target.overrides;
        let deadline = Instant::now() + overrides.total;
        let mut delivery = Delivery::default();
        while delivery.tries <= overrides.retries {
            if delivery.tries > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            delivery.tries += 1;
            match self.post(target, letter, left).await {
                Ok(answer) => return Delivery { tries: delivery.tries, ..answer },
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

    async fn post(&self, target: &Target, letter: &Letter<'_>, left: Duration) -> Result<Delivery, Failure> {
        let Ok(_permit) = self.permits.acquire().await else { return Err(Failure::Connect) };
        let client = self.client(target.overrides.connect).map_err(|_| Failure::Connect)?;
        let mut request = client
            .post(target.url.clone())
            .timeout(left.min(target.overrides.connect + target.overrides.read))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .header(USER_AGENT, "TwilioProxy/1.1")
            .header("I-Twilio-Idempotency-Token", letter.token)
            .header("X-Home-Region", "us1")
            .body(letter.body.clone());
        if let Some(signature) = &letter.signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(read(answer).await),
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

/// An answer 2xx. One that breaks off counts as far as it came.
async fn read(mut answer: Response) -> Delivery {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (last_status, content_type) = (answer.status().as_u16(), content_type.map(str::to_owned));
    let mut body = Vec::new();
    while body.len() < MAX_ANSWER
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(MAX_ANSWER);
    let body = String::from_utf8_lossy(&body).into_owned();
    Delivery { delivered: true, tries: 0, last_status, content_type, body }
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
