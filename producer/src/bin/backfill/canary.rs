//! The first few of a run, whose fate decides about the rest.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::standing::Tally;

/// How many are enqueued first, and how many of their messages must be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Canary {
    pub(crate) users: u64,
    pub(crate) share: Share,
}

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Share(f64);

/// What is known about a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It can still end either way.
    Open,
    /// Enough are delivered, whatever becomes of those that are open.
    Well,
    /// Too few can still be delivered.
    Ill,
}

impl Canary {
    /// Judges by `now`. At the end of the time allowed, `sent` is as good as delivered, since some operators never
    /// report more, and what is open is not delivered.
    pub(crate) fn judge(&self, now: &Tally, time_is_over: bool) -> Verdict {
        let sure = if time_is_over { now.delivered + now.sent } else { now.delivered };
        let possible = if time_is_over { sure } else { now.delivered + now.sent + now.open };
        let messages = now.messages();
        if self.share.of(messages) <= sure {
            Verdict::Well
        } else if possible < self.share.of(messages) {
            Verdict::Ill
        } else {
            Verdict::Open
        }
    }

    /// As it is typed, each flag after a blank.
    pub(crate) fn flags(&self) -> String {
        let share = if self.share == Share::default() {
            String::new()
        } else {
            format!(" --canary-share {}", self.share)
        };
        format!(" --canary {}{share}", self.users)
    }
}

impl Share {
    /// The least whole number that is no smaller share of `all`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn of(self, all: u64) -> u64 {
        // A canary is small; what a float loses of a larger number is no user.
        (self.0 * all as f64 - 1e-9).ceil() as u64
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(0.9)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share: f64 = text.parse().map_err(|_| "not a number")?;
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err("give a share from 0 to 1, such as 0.9")
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(share: &str) -> Canary {
        Canary { users: 10, share: share.parse().unwrap() }
    }

    fn tally(delivered: u64, failed: u64, sent: u64, open: u64) -> Tally {
        Tally { delivered, failed, sent, open, without_message: 3 }
    }

    #[test]
    fn it_is_judged_as_soon_as_nothing_can_change_it() {
        let canary = canary("0.9");
        for (tally, verdict) in [
            (tally(0, 0, 0, 10), Verdict::Open),
            (tally(9, 0, 0, 1), Verdict::Well),
            (tally(9, 1, 0, 0), Verdict::Well),
            (tally(8, 1, 1, 0), Verdict::Open),
            (tally(0, 2, 4, 4), Verdict::Ill),
            (tally(0, 0, 0, 0), Verdict::Well),
        ] {
            assert_eq!(canary.judge(&tally, false), verdict, "{tally:?}");
        }
    }

    #[test]
    fn at_the_end_sent_is_delivered_and_open_is_not() {
        let canary = canary("0.9");
        assert_eq!(canary.judge(&tally(4, 1, 5, 0), true), Verdict::Well);
        assert_eq!(canary.judge(&tally(8, 0, 0, 2), true), Verdict::Ill);
    }

    #[test]
    fn shares_are_exact() {
        assert_eq!(canary("0.9").share.of(10), 9);
        assert_eq!(canary("0.5").share.of(5), 3);
        assert_eq!(canary("0").judge(&tally(0, 9, 0, 1), true), Verdict::Well);
        assert_eq!((canary("1").share.of(7), canary("0.9").flags()), (7, " --canary 10".to_owned()));
        assert_eq!(canary("0.5").flags(), " --canary 10 --canary-share 0.5");
        assert!("1.5".parse::<Share>().is_err() && "NaN".parse::<Share>().is_err());
    }
}
