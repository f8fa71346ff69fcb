//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The client's address: the peer's, or behind trusted proxies the last forwarded address that is not a trusted proxy.
pub(crate) fn client(trusted: &[IpNet], extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let peer = peer(extensions);
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut hops = hops.map_while(address);
    hops.find(|hop| !is_trusted(trusted, *hop)).unwrap_or(peer)
}

/// One hop of `X-Forwarded-For`: an address, which some proxies write with the port behind it, and IPv6 in brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// The other end of the connection.
pub(super) fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(address)| address.ip().to_canonical())
}

/// Whether `address` is one of these proxies.
pub(super) fn is_trusted(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn trusted() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap()]
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
    fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
        let at =
            |peer, line| client(&trusted(), &from(peer), &headers(&[("x-forwarded-for", line)])).to_string();
        assert_eq!(at([192, 0, 2, 1], "203.0.113.9"), "192.0.2.1");
        assert_eq!(at([10, 0, 0, 1], "203.0.113.9"), "203.0.113.9");
        assert_eq!(at([10, 0, 0, 1], "6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(at([10, 0, 0, 1], "nonsense"), "10.0.0.1");
    }

    #[test]
    fn a_forwarded_address_may_have_a_port_and_brackets() {
        let at = |line| {
            client(&trusted(), &from([10, 0, 0, 1]), &headers(&[("x-forwarded-for", line)])).to_string()
        };
        let recorded = include_str!("../../../testing/cases/forwarded-for-with-port/headers.txt");
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
