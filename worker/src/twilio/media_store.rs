//! The hosts that Twilio keeps files on. Its API answers with a redirect to one of them, so the address comes from outside: it
//! gets no credentials, and must be on the internet.

use std::{
    error::Error as StdError,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use url::{Host, Url};

use super::{client_config::ClientConfig, public_address::is_public};

/// Why a store is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAsked {
    #[error("not an HTTPS address on the internet")]
    Address,
    #[error("the HTTP client could not start")]
    Client,
}

/// Asks them. Made with the first file, because certificates take long to load.
pub(super) struct MediaStore {
    http: OnceLock<reqwest::Client>,
    connect_timeout: Duration,
    /// Between two pieces of an answer.
    read_timeout: Duration,
    /// Twilio is a stand-in on this machine, and so are its stores.
    local: bool,
}

impl MediaStore {
    pub(super) fn new(config: &ClientConfig, local: bool) -> Self {
        let (connect_timeout, read_timeout) = (config.connect_timeout, config.timeout);
        Self { http: OnceLock::new(), connect_timeout, read_timeout, local }
    }

    /// A request without credentials. Refuses anything but HTTPS, and addresses that are not on the internet; names are
    /// resolved when the request is sent, and then their addresses are looked at.
    pub(super) fn get(&self, url: Url) -> Result<reqwest::RequestBuilder, NotAsked> {
        if !self.allows(&url) {
            return Err(NotAsked::Address);
        }
        let http = if let Some(http) = self.http.get() {
            http
        } else {
            let made = self.client().map_err(|_| NotAsked::Client)?;
            self.http.get_or_init(|| made)
        };
        Ok(http.get(url))
    }

    fn allows(&self, url: &Url) -> bool {
        if self.local {
            return matches!(url.scheme(), "http" | "https");
        }
        let public = match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            None => false,
        };
        // Names and passwords in an address would become credentials.
        public && url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
    }

    fn client(&self) -> reqwest::Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("aamcare-onboarding/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            // A proxy would resolve names where their addresses cannot be looked at.
            .no_proxy()
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout);
        if !self.local {
            builder = builder.https_only(true).dns_resolver(Arc::new(PublicOnly));
        }
        if cfg!(test) {
            // As in `Client::new`.
            builder = builder.tls_certs_only([]);
        }
        builder.build()
    }
}

/// Whether a call failed because a name has no address on the internet.
pub(super) fn is_not_asked(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<NotAsked>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Resolves names, and leaves out addresses that are not on the internet.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is that of the address, whatever is given here.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotAsked::Address.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::Credentials;

    fn store(local: bool) -> MediaStore {
        let base: Url = "https://api.twilio.com".parse().unwrap();
        let account = "AC00000000000000000000000000000001";
        let config = ClientConfig {
            credentials: Credentials::token(account, &"token".into()).unwrap(),
            api_base: base.clone(),
            lookups_base: base.clone(),
            messaging_base: base.clone(),
            accounts_base: base.clone(),
            content_base: base,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
        };
        MediaStore::new(&config, local)
    }

    #[test]
    fn only_https_addresses_on_the_internet_are_asked() {
        for (url, asked) in [
            ("https://mms.twiliocdn.com/x?Signature=1", true),
            ("https://52.216.0.1/x", true),
            ("http://mms.twiliocdn.com/x", false),
            ("https://10.0.0.1/x", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("https://[::1]/x", false),
            ("https://[::ffff:127.0.0.1]/x", false),
            ("https://2130706433/x", false),
            ("https://user:password@mms.twiliocdn.com/x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(store(false).get(url.parse().unwrap()).is_ok(), asked, "{url}");
        }
        assert!(store(true).get("http://127.0.0.1:1/x".parse().unwrap()).is_ok());
        assert!(store(true).get("file:///etc/passwd".parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_is_not_asked() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let call = store(false).get("https://localhost/x".parse().unwrap()).unwrap();
        let error = call.send().await.unwrap_err();
        assert!(error.is_connect() && is_not_asked(&error), "{error:?}");
    }
}
