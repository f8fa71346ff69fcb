//! Limits attempts to sign in, by name and address together and by address. A name alone is never limited: a stranger
//! could lock out the operator of that name. Each process counts by itself.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures are remembered for so long.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Of one name from one address.
const PER_NAME: usize = 5;
const PER_ADDRESS: usize = 20;
/// More keys than a guesser at one address can make; beyond them the oldest is forgotten.
const MOST_KEYS: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String, IpAddr),
    Address(IpAddr),
}

/// Counts tries.
#[derive(Default)]
pub(crate) struct LoginLimit(Mutex<HashMap<Key, Vec<Instant>>>);

impl LoginLimit {
    /// Counts one more try before it is made, so that many at once count as many. False: too many.
    pub(crate) fn admit(&self, name: &str, address: IpAddr) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        tries.retain(|_, times| {
            times.retain(|t| now.duration_since(*t) < WINDOW);
            !times.is_empty()
        });
        let keys = keys(name, address);
        let spent = |(key, most): &(Key, usize)| tries.get(key).is_some_and(|times| times.len() >= *most);
        if keys.iter().any(spent) {
            return false;
        }
        for (key, _) in keys {
            if tries.len() >= MOST_KEYS && !tries.contains_key(&key) {
                forget_oldest(&mut tries);
            }
            tries.entry(key).or_default().push(now);
        }
        true
    }

    /// The try was right: it does not count, and the name begins again at this address.
    pub(crate) fn forgive(&self, name: &str, address: IpAddr) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [(name, _), (address, _)] = keys(name, address);
        tries.remove(&name);
        if let Some(times) = tries.get_mut(&address) {
            times.pop();
        }
    }
}

fn forget_oldest(tries: &mut HashMap<Key, Vec<Instant>>) {
    let oldest = tries.iter().min_by_key(|(_, times)| times.last().copied()).map(|(key, _)| key.clone());
    if let Some(key) = oldest {
        tries.remove(&key);
    }
}

fn keys(name: &str, address: IpAddr) -> [(Key, usize); 2] {
    // A whole /64 is one household's (RFC 6177).
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    };
    let name = name.chars().take(64).collect();
    [(Key::Name(name, address), PER_NAME), (Key::Address(address), PER_ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_limited_at_each_address_for_itself() {
        let throttle = LoginLimit::default();
        assert!((0..5).all(|_| throttle.admit("maya", address(1))));
        assert!(!throttle.admit("maya", address(1)));
        assert!(throttle.admit("ram", address(1)), "another name is not limited");
        tokio::time::advance(WINDOW).await;
        assert!(throttle.admit("maya", address(1)), "it ends by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn no_stranger_locks_out_a_name() {
        let throttle = LoginLimit::default();
        for stranger in 1..200 {
            while throttle.admit("maya", address(stranger)) {}
        }
        assert!(throttle.admit("maya", address(201)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_crowd_of_strangers_locks_out_everybody() {
        let throttle = LoginLimit::default();
        let strangers =
            (0..20_000_u32).map(|n| (Key::Address(IpAddr::from(n.to_be_bytes())), vec![Instant::now()]));
        throttle.0.lock().unwrap().extend(strangers);
        assert!(throttle.admit("maya", address(9)));
        assert!(throttle.0.lock().unwrap().len() <= MOST_KEYS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_limited_whatever_the_names() {
        let throttle = LoginLimit::default();
        assert!((0..20).all(|i| throttle.admit(&i.to_string(), address(1))));
        assert!(!throttle.admit("maya", address(1)));
        assert!(throttle.admit("maya", address(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_password_is_no_failure() {
        let throttle = LoginLimit::default();
        for _ in 0..50 {
            assert!(throttle.admit("maya", address(1)));
            throttle.forgive("maya", address(1));
        }
    }
}
