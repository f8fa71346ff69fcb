//! Which connections may be unencrypted.

use std::net::IpAddr;

use super::{Env, settings};

/// Whether `host` is this machine. Names other than `localhost` are not resolved.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether `ALLOW_INSECURE` is set.
pub fn insecure_allowed(env: &mut Env) -> bool {
    env.flag(&settings::ALLOW_INSECURE)
}

/// Notes a fault when `url` is plain HTTP to another machine.
pub fn refuse_plain_http(env: &mut Env, name: &str, url: &url::Url, insecure: bool) {
    let ok = match url.scheme() {
        "https" => true,
        "http" => insecure || url.host_str().is_some_and(is_loopback),
        _ => false,
    };
    if !ok {
        env.fault(name, "must be an https:// URL (http:// only to loopback, or with ALLOW_INSECURE=1)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_other_hosts() {
        for host in ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.org", "db", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
