//! Destinations that are held back: a country, such as for a missing geo permission, or a channel whose sender is at fault.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use metrics::gauge;
use shared::{
    domain::{Channel, Reason},
    phone::CountryCode,
};
use tokio::time::Instant;

use super::suspects::Suspects;
use crate::store::breaker::HeldScope;

/// Before a country and before a channel in the database's names of scopes.
const COUNTRY: &str = "country:";
const CHANNEL: &str = "channel:";
/// A worker asks the database no more often whether a probe is its own.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Where calls go that are held back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Destination {
    /// Text messages to a country.
    Country(CountryCode),
    /// All messages of a channel that has a sender of its own.
    Channel(Channel),
}

impl Destination {
    /// Where a message to a number of this country goes. None: nothing but the whole fleet's calls is held back.
    pub(crate) fn of(channel: &str, country: Option<CountryCode>) -> Option<Self> {
        match channel.parse() {
            Ok(Channel::Whatsapp) => Some(Self::Channel(Channel::Whatsapp)),
            Ok(Channel::Sms) | Err(_) => country.map(Self::Country),
        }
    }

    /// Its name in the database.
    pub(super) fn scope(self) -> String {
        match self {
            Self::Country(country) => format!("{COUNTRY}{}", country.as_str()),
            Self::Channel(channel) => format!("{CHANNEL}{channel}"),
        }
    }

    /// None: another kind of scope.
    pub(super) fn of_scope(scope: &str) -> Option<Self> {
        match scope.strip_prefix(COUNTRY) {
            Some(country) => country.parse().ok().map(Self::Country),
            None => scope.strip_prefix(CHANNEL)?.parse().ok().map(Self::Channel),
        }
    }
}

/// None where negative.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Whether a call to a destination may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Free,
    /// A probe is due: the database says whose it is.
    Due(Reason),
    Held {
        for_now: Duration,
        code: Reason,
    },
}

struct Hold {
    code: Reason,
    by_callback: bool,
    since: Instant,
    due: Instant,
    /// The database does not have it yet.
    fresh: bool,
}

/// The destinations that this worker knows of.
#[derive(Default)]
pub(super) struct Destinations {
    held: HashMap<Destination, Hold>,
    suspects: HashMap<Destination, Suspects>,
    /// Those that a gauge was ever shown for.
    shown: HashSet<Destination>,
}

impl Destinations {
    pub(super) fn way(&self, to: Destination) -> Way {
        let Some(hold) = self.held.get(&to) else { return Way::Free };
        let now = Instant::now();
        if !hold.fresh && now >= hold.due {
            return Way::Due(hold.code);
        }
        Way::Held { for_now: hold.due.saturating_duration_since(now), code: hold.code }
    }

    /// The database is asked whose the probe is that is due: the others wait for a while.
    pub(super) fn asked(&mut self, to: Destination) {
        if let Some(hold) = self.held.get_mut(&to) {
            hold.due = Instant::now() + ASK_AGAIN;
        }
    }

    /// For how long calls to it have been held back.
    pub(super) fn open_for(&self, to: Destination) -> Duration {
        self.held.get(&to).map_or(Duration::ZERO, |h| h.since.elapsed())
    }

    /// Whether calls to it are held back, a probe or not.
    pub(super) fn holds(&self, to: Destination) -> bool {
        self.held.contains_key(&to)
    }

    /// Whether only a callback can report the end of this hold.
    pub(super) fn is_by_callback(&self, to: Destination) -> bool {
        self.held.get(&to).is_some_and(|h| h.by_callback)
    }

    /// Holds it back. False: it is already.
    pub(super) fn hold(&mut self, to: Destination, code: Reason, by_callback: bool, gap: Duration) -> bool {
        self.suspects.remove(&to);
        if self.held.contains_key(&to) {
            return false;
        }
        let since = Instant::now();
        let hold = Hold { code, by_callback, since, due: since + gap, fresh: true };
        self.held.insert(to, hold);
        self.show();
        true
    }

    /// Notes a recipient that was refused. True: there were several.
    pub(super) fn refused(&mut self, to: Destination, recipient: &str) -> bool {
        self.suspects.entry(to).or_default().refused(recipient, Instant::now())
    }

    pub(super) fn accepted(&mut self, to: Destination) {
        if self.suspects.get_mut(&to).is_some_and(|s| s.accepted(Instant::now())) {
            self.suspects.remove(&to);
        }
    }

    pub(super) fn release(&mut self, to: Destination) {
        self.held.remove(&to);
        self.show();
    }

    /// The database has it now, or a later one.
    pub(super) fn stored(&mut self, scope: &str) {
        if let Some(hold) = Destination::of_scope(scope).and_then(|to| self.held.get_mut(&to)) {
            hold.fresh = false;
        }
    }

    /// Takes over the database's state. Changes that the database does not know yet stay.
    pub(super) fn read(&mut self, rows: &[HeldScope]) {
        let now = Instant::now();
        self.held.retain(|_, hold| hold.fresh);
        for row in rows {
            let Some(to) = Destination::of_scope(&row.scope) else { continue };
            let hold = Hold {
                code: row.kind.parse().unwrap_or(Reason::BreakerOpen),
                by_callback: row.by_callback,
                since: now.checked_sub(seconds(row.open_for)).unwrap_or(now),
                due: now + seconds(row.due_in),
                fresh: false,
            };
            self.held.insert(to, hold);
        }
        self.show();
    }

    pub(super) fn any(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether accepted messages are of interest.
    pub(super) fn any_suspect(&self) -> bool {
        !self.suspects.is_empty()
    }

    fn show(&mut self) {
        self.shown.extend(self.held.keys().copied());
        for to in &self.shown {
            let held = if self.held.contains_key(to) { 1.0 } else { 0.0 };
            let gauge = match to {
                Destination::Country(country) => {
                    gauge!("onboarding_country_held", "country" => country.as_str().to_owned())
                }
                Destination::Channel(channel) => {
                    gauge!("onboarding_channel_held", "channel" => channel.as_str())
                }
            };
            gauge.set(held);
        }
    }
}
