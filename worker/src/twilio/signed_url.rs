//! The spellings of an address under which Twilio may have signed it.
//!
//! Twilio and proxies disagree about writing ports, so the address is also tried without its port, and, if it
//! has none, with the default port of its scheme, as Twilio's own libraries do.

use std::borrow::Cow;

/// An address cut where a port may stand. Nothing is decoded or re-encoded.
pub(super) struct SignedUrl<'a> {
    /// Scheme, user and host.
    front: &'a str,
    /// With its colon; empty if none is written.
    port: &'a str,
    /// Path and query.
    rest: &'a str,
    default_port: &'static str,
}

impl<'a> SignedUrl<'a> {
    pub(super) fn parse(url: &'a str) -> Self {
        // The fragment is never sent and never signed.
        let url = url.split_once('#').map_or(url, |(signed, _)| signed);
        let authority = url.find("://").map_or(0, |at| at + 3);
        let path = url[authority..].find(['/', '?']).map_or(url.len(), |at| authority + at);
        let host = url[authority..path].rfind('@').map_or(authority, |at| authority + at + 1);
        let after_brackets = url[host..path].rfind(']').map_or(host, |at| host + at + 1);
        let port = url[after_brackets..path].rfind(':').map_or(path, |at| after_brackets + at);
        let default_port = if url.starts_with("http:") { ":80" } else { ":443" };
        Self { front: &url[..port], port: &url[port..path], rest: &url[path..], default_port }
    }

    /// Each spelling in pieces to be joined; the one given comes first.
    pub(super) fn variants(&self) -> impl Iterator<Item = [&'a str; 3]> {
        let other = if self.port.is_empty() { self.default_port } else { "" };
        [[self.front, self.port, self.rest], [self.front, other, self.rest]].into_iter()
    }
}

/// First value of a query parameter, decoded.
pub(super) fn query_value<'a>(url: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let url = url.split_once('#').map_or(url, |(signed, _)| signed);
    let (_, query) = url.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(url: &str) -> Vec<String> {
        SignedUrl::parse(url).variants().map(|parts| parts.concat()).collect()
    }

    #[test]
    fn a_written_port_is_also_left_out_and_a_missing_one_added() {
        assert_eq!(variants("https://h/p?q"), ["https://h/p?q", "https://h:443/p?q"]);
        assert_eq!(variants("http://h?q"), ["http://h?q", "http://h:80?q"]);
        assert_eq!(variants("https://h:1234/p"), ["https://h:1234/p", "https://h/p"]);
        assert_eq!(variants("https://h:443"), ["https://h:443", "https://h"]);
    }

    #[test]
    fn user_brackets_and_fragment_do_not_confuse_it() {
        assert_eq!(variants("https://u:p@h/p:1"), ["https://u:p@h/p:1", "https://u:p@h:443/p:1"]);
        assert_eq!(variants("https://u:p@h:1/"), ["https://u:p@h:1/", "https://u:p@h/"]);
        assert_eq!(variants("https://[::1]/"), ["https://[::1]/", "https://[::1]:443/"]);
        assert_eq!(variants("https://[::1]:8/"), ["https://[::1]:8/", "https://[::1]/"]);
        assert_eq!(variants("https://h/p#rc=5:1")[0], "https://h/p");
        assert_eq!(variants("")[0], "");
    }

    #[test]
    fn query_values_are_decoded() {
        assert_eq!(query_value("https://h/p?a=1&b=%20x#b=2", "b").as_deref(), Some(" x"));
        assert_eq!(query_value("https://h/p?a=1", "b"), None);
        assert_eq!(query_value("https://h/p", "b"), None);
    }
}
