//! What the client needs to know.

use std::time::Duration;

use url::Url;

use super::credentials::Credentials;

/// The settings of a client.
#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    pub(crate) credentials: Credentials,
    /// `https://api.twilio.com` or a stand-in; a trailing slash or API version is tolerated.
    pub(crate) api_base: Url,
    /// `https://lookups.twilio.com` or a stand-in.
    pub(crate) lookups_base: Url,
    /// `https://messaging.twilio.com` or a stand-in.
    pub(crate) messaging_base: Url,
    /// `https://accounts.twilio.com` or a stand-in.
    pub(crate) accounts_base: Url,
    /// `https://content.twilio.com` or a stand-in.
    pub(crate) content_base: Url,
    /// For name resolution, connection and TLS handshake together.
    pub(crate) connect_timeout: Duration,
    /// For the whole call. Twilio may take 26 s; less makes unknown outcomes.
    pub(crate) timeout: Duration,
}

impl ClientConfig {
    /// Whether Twilio is a simulator on this machine, so that no message reaches a person.
    pub(crate) fn is_simulated(&self) -> bool {
        self.api_base.host_str().is_some_and(shared::config::is_loopback)
    }
}
