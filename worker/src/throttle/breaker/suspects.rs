//! Recipients refused with a code that may speak of the account, or of one recipient alone.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

/// This many distinct recipients make it a fault of the account or of the country.
const ENOUGH: usize = 3;
/// Refusals that lie further back count only if Twilio has accepted no message since.
const RECENT: Duration = Duration::from_secs(60);
/// A list never holds more: `ENOUGH` is reached long before.
const MOST: usize = 16;

struct Suspect {
    who: u64,
    at: Instant,
    /// A message was accepted since.
    doubted: bool,
}

/// Recipients that were refused lately, by a hash that means nothing outside this process.
#[derive(Default)]
pub(super) struct Suspects {
    hasher: RandomState,
    all: Vec<Suspect>,
}

impl Suspects {
    /// Notes a refusal. True: several distinct recipients were refused, so it is not the recipients' fault.
    pub(super) fn refused(&mut self, recipient: &str, now: Instant) -> bool {
        let who = self.hasher.hash_one(recipient);
        self.all.retain(|s| s.who != who && (!s.doubted || now.duration_since(s.at) < RECENT));
        if self.all.len() < MOST {
            self.all.push(Suspect { who, at: now, doubted: false });
        }
        self.all.len() >= ENOUGH
    }

    /// A message was accepted. True: no suspect is left.
    pub(super) fn accepted(&mut self, now: Instant) -> bool {
        self.all.retain(|s| now.duration_since(s.at) < RECENT);
        self.all.iter_mut().for_each(|s| s.doubted = true);
        self.all.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_recipient_alone_is_never_enough() {
        let mut suspects = Suspects::default();
        assert!((0..10).all(|_| !suspects.refused("one", Instant::now())));
        assert!(!suspects.refused("two", Instant::now()));
        assert!(suspects.refused("three", Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_without_a_message_between_them_add_up_however_rare_they_are() {
        let mut suspects = Suspects::default();
        for recipient in ["one", "two"] {
            assert!(!suspects.refused(recipient, Instant::now()));
            tokio::time::advance(RECENT * 10).await;
        }
        assert!(suspects.refused("three", Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_with_messages_between_them_add_up_within_a_minute_only() {
        let mut suspects = Suspects::default();
        for recipient in ["one", "two"] {
            suspects.refused(recipient, Instant::now());
            suspects.accepted(Instant::now());
        }
        tokio::time::advance(RECENT).await;
        assert!(!suspects.refused("three", Instant::now()), "the first two are long ago");
        suspects.accepted(Instant::now());
        assert!(!suspects.refused("four", Instant::now()));
        assert!(suspects.refused("five", Instant::now()));
    }
}
