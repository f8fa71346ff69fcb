//! A client for the addresses that lead to a worker.

use std::time::Duration;

use reqwest::{Client, redirect::Policy};
use url::{Host, Url};

const LIMIT: Duration = Duration::from_secs(5);

/// A client that reaches this machine directly, whatever proxy is set.
pub(super) fn client(public: &Url) -> Result<Client, reqwest::Error> {
    let builder = Client::builder().timeout(LIMIT).redirect(Policy::none());
    let local = match public.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if local { builder.no_proxy().build() } else { builder.build() }
}
