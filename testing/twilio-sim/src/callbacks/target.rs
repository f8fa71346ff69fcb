//! Where callbacks go.

use url::{Host, Url};

use super::overrides::Overrides;
use crate::faults::Signing;
use crate::signature::sign;

/// A `StatusCallback` URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The signed part: the URL as given, without its fragment.
    pub(super) signed: String,
    pub(super) url: Url,
    pub(super) overrides: Overrides,
}

impl Target {
    /// An absolute http(s) URL with a host without underscore (Twilio docs, error 21609).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (signed, fragment) = text.split_once('#').unwrap_or((text, ""));
        let url = Url::parse(signed).ok()?;
        let host_is_real = url.host_str().is_some_and(|host| !host.is_empty() && !host.contains('_'));
        if !matches!(url.scheme(), "http" | "https") || !host_is_real {
            return None;
        }
        Some(Self { signed: signed.to_owned(), url, overrides: Overrides::parse(fragment) })
    }

    /// The target, with another URL in the signature: that of the proxy before the application.
    pub(crate) fn signed_as(mut self, url: Option<&str>) -> Self {
        if let Some(url) = url {
            url.clone_into(&mut self.signed);
        }
        self
    }

    /// The target, with another number of tries after the first.
    pub(crate) fn retried(mut self, retries: Option<u32>) -> Self {
        self.overrides.retries = retries.unwrap_or(self.overrides.retries);
        self
    }

    /// The signature of these form fields, or what a fault puts in its place.
    pub(crate) fn sign(&self, auth_token: &str, fields: &[(&str, &str)], signing: Signing) -> Option<String> {
        match signing {
            Signing::Right => Some(sign(auth_token, &self.signed, fields)),
            Signing::Wrong => Some(sign("not the token", &self.signed, fields)),
            Signing::Missing => None,
        }
    }

    /// Only these are called: a simulator must not reach out.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_is_neither_signed_nor_sent() {
        let target = Target::parse("http://127.0.0.1:8080/twilio/status?mid=a%20b#rc=5&rp=all").unwrap();
        assert_eq!(target.signed, "http://127.0.0.1:8080/twilio/status?mid=a%20b");
        assert_eq!(target.url.as_str(), target.signed);
        assert_eq!(target.overrides.retries, 5);
    }

    #[test]
    fn urls_that_twilio_refuses() {
        for bad in
            ["", "/relative", "ftp://example.com/", "http://under_score.example/", "http://", "mailto:a@b"]
        {
            assert!(Target::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_loopback_is_called() {
        for (url, expected) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.2/", true),
            ("http://[::1]:8080/", true),
            ("https://sms.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(Target::parse(url).unwrap().is_loopback(), expected, "{url}");
        }
    }
}
