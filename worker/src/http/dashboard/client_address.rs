//! Where a request comes from, and what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, HeaderValue},
};
use ipnet::IpNet;
use secrecy::ExposeSecret;

use super::session::same;
use crate::{
    config::{AdminConfig, ProxyConfig},
    config::{Role, is_name},
};

const SECRET: &str = "X-Admin-Proxy-Secret";
const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The client's address: the peer's, or behind trusted proxies the last forwarded address that is not a trusted proxy.
pub(crate) fn client(config: &AdminConfig, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let peer = peer(extensions);
    if !is_trusted(&config.trusted, peer) {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut hops = hops.map_while(address);
    hops.find(|hop| !is_trusted(&config.trusted, *hop)).unwrap_or(peer)
}

/// One hop of `X-Forwarded-For`: an address, which some proxies write with the port behind it, and IPv6 in brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// The only header of this name. Of several, one may be the client's own, which the proxy passed on.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// The user that the proxy has signed in. The header counts only from a trusted address, with the secret, and if it
/// occurs once.
pub(crate) fn vouched(
    config: &AdminConfig,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Option<(String, Role)> {
    let proxy = config.proxy.as_ref().filter(|_| is_trusted(&config.trusted, peer(extensions)))?;
    let shown = only(headers, SECRET).map(HeaderValue::as_bytes).unwrap_or_default();
    if !same(shown, proxy.secret.expose_secret().as_bytes()) {
        return None;
    }
    let name = only(headers, &proxy.header)?.to_str().ok().filter(|n| is_name(n))?;
    Some((name.to_owned(), role(proxy, name)))
}

fn role(proxy: &ProxyConfig, name: &str) -> Role {
    if proxy.operators.iter().any(|o| o == name) { Role::Operator } else { Role::Viewer }
}

fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(address)| address.ip().to_canonical())
}

fn is_trusted(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Accounts;

    fn config() -> AdminConfig {
        let proxy = ProxyConfig {
            header: "X-Forwarded-User".to_owned(),
            secret: "0123456789abcdef".to_owned().into(),
            operators: vec!["maya".to_owned()],
        };
        AdminConfig {
            addr: ([127, 0, 0, 1], 0).into(),
            accounts: Accounts::default(),
            proxy: Some(proxy),
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
        }
    }

    fn from(peer: [u8; 4]) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from((peer, 4242))));
        extensions
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn a_proxys_word_counts_only_from_its_address_and_with_its_secret() {
        let good = [("x-forwarded-user", "maya"), ("x-admin-proxy-secret", "0123456789abcdef")];
        let who =
            |peer, lines: &[(&'static str, &'static str)]| vouched(&config(), &from(peer), &headers(lines));
        assert_eq!(who([10, 1, 2, 3], &good), Some(("maya".to_owned(), Role::Operator)));
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ram"), good[1]]).unwrap().1, Role::Viewer);
        assert_eq!(who([192, 0, 2, 1], &good), None, "a stranger");
        assert_eq!(who([10, 1, 2, 3], &good[..1]), None, "no secret");
        assert_eq!(who([10, 1, 2, 3], &[good[0], ("x-admin-proxy-secret", "guess")]), None);
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ma<ya"), good[1]]), None, "no name");
        let twice = ("x-forwarded-user", "ram");
        for several in [[twice, good[0], good[1]], [good[0], twice, good[1]], [good[0], good[1], good[1]]] {
            assert_eq!(who([10, 1, 2, 3], &several), None, "{several:?}");
        }
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ram, maya"), good[1]]), None, "a list");
    }

    #[test]
    fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
        let at =
            |peer, line| client(&config(), &from(peer), &headers(&[("x-forwarded-for", line)])).to_string();
        assert_eq!(at([192, 0, 2, 1], "203.0.113.9"), "192.0.2.1");
        assert_eq!(at([10, 0, 0, 1], "203.0.113.9"), "203.0.113.9");
        assert_eq!(at([10, 0, 0, 1], "6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(at([10, 0, 0, 1], "nonsense"), "10.0.0.1");
    }

    #[test]
    fn a_forwarded_address_may_have_a_port_and_brackets() {
        let at = |line| {
            client(&config(), &from([10, 0, 0, 1]), &headers(&[("x-forwarded-for", line)])).to_string()
        };
        let recorded = include_str!("../../../../testing/cases/forwarded-for-with-port/headers.txt");
        let mut recorded = recorded.lines().map(|line| line.split_once(": ").unwrap().1);
        assert_eq!(at(recorded.next().unwrap()), "203.0.113.9");
        assert_eq!(at(recorded.next().unwrap()), "198.51.100.7");
        for line in [
            "2001:db8::9",
            "[2001:db8::9]",
            "[2001:db8::9]:51423",
            "\"[2001:db8::9]:51423\"",
            "6.6.6.6:1, [2001:db8::9]:2, 10.0.0.2:3",
        ] {
            assert_eq!(at(line), "2001:db8::9", "{line}");
        }
        assert_eq!(at("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(at("203.0.113.9:port"), "10.0.0.1");
    }
}
