//! Limits requests that anyone can make without a code: by network, and all together. Each process counts by itself.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);
/// Within the window, of one network.
const PER_NETWORK: usize = 20;
/// Within the window, of all networks.
const ALL: usize = 200;

/// Counts requests. It remembers at most [`ALL`] of them.
#[derive(Default)]
pub(super) struct Limit(Mutex<VecDeque<(Instant, IpAddr)>>);

impl Limit {
    /// Counts one more request. False, and not counted: too many within the last minute.
    pub(super) fn admit(&self, address: IpAddr) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, network) = (Instant::now(), network(address));
        while seen.front().is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            seen.pop_front();
        }
        if seen.len() >= ALL || seen.iter().filter(|(_, other)| *other == network).count() >= PER_NETWORK {
            return false;
        }
        seen.push_back((now, network));
        true
    }
}

/// The first address of the /24 or, of IPv6, the /48.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() >> 8 << 8).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 80 << 80).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_has_20_a_minute() {
        for (network, neighbour, other) in [
            ("192.0.2.1", "192.0.2.200", "192.0.3.1"),
            ("2001:db8:1::1", "2001:db8:1:ffff::2", "2001:db8:2::1"),
        ] {
            let limit = Limit::default();
            assert!((0..20).all(|_| limit.admit(address(network))));
            assert!(!limit.admit(address(network)) && !limit.admit(address(neighbour)), "{network}");
            assert!(limit.admit(address(other)), "{network}");
            tokio::time::advance(WINDOW).await;
            assert!(limit.admit(address(neighbour)), "it ends by itself");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_networks_together_have_200_a_minute() {
        let limit = Limit::default();
        assert!((0..200).all(|n| limit.admit(IpAddr::from([10, 0, n, 1]))));
        assert!(!limit.admit(address("192.0.2.1")));
        tokio::time::advance(WINDOW).await;
        assert!(limit.admit(address("192.0.2.1")));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_counts_as_ipv4() {
        assert_eq!(network(address("::ffff:192.0.2.7")), address("192.0.2.0"));
    }
}
