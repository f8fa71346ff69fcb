//! The HTTP client: one connection pool, prebuilt addresses and credentials, no repeats of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::client_config::ClientConfig;
use super::credentials::Credentials;
use super::endpoints::{Endpoints, EndpointsError};
use super::media_store::MediaStore;
use super::meter::Meter;

/// Shorter than the idle limit of common load balancers, so that we rather than they close idle connections:
/// a request written to a connection being closed has no known outcome.
const IDLE_LIMIT: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
    #[error(
        "HTTP client could not start: {0}; are the system's CA certificates installed (ca-certificates)?"
    )]
    Build(reqwest::Error),
}

/// Calls Twilio. Cheap to clone; clones share one connection pool.
#[derive(Clone)]
pub(crate) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) endpoints: Endpoints,
    pub(super) meter: Arc<Meter>,
    pub(super) store: Arc<MediaStore>,
    /// The limit of a whole call, and of the beginning of a file.
    pub(super) answer_within: Duration,
}

impl Client {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, ClientError> {
        // Fails only if a provider is already installed, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("aamcare-onboarding/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(&config.credentials))
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(config.connect_timeout)
            .timeout(config.timeout)
            .pool_idle_timeout(IDLE_LIMIT)
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_nodelay(true);
        let local = is_loopback(&config.api_base);
        if local {
            builder = builder.no_proxy();
        }
        if cfg!(test) {
            // Tests make many clients and no TLS connection, and the roots take long to load.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| ClientError::Build(error.without_url()))?;
        Ok(Self {
            http,
            endpoints: Endpoints::new(config)?,
            meter: Arc::new(Meter::new()),
            store: Arc::new(MediaStore::new(config, local)),
            answer_within: config.timeout,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn headers(credentials: &Credentials) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(AUTHORIZATION, credentials.header());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// A stand-in on this machine is never behind the proxy that the environment may name.
fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The W3C trace context of the event, added to a call when it can be a header at all.
pub(super) fn with_trace(
    call: reqwest::RequestBuilder,
    traceparent: Option<&str>,
) -> reqwest::RequestBuilder {
    match traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
        Some(value) => call.header("traceparent", value),
        None => call,
    }
}
