//! Destination countries that are held back, such as for a missing geo permission.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use shared::domain::Reason;
use tokio::time::Instant;

use super::suspects::Suspects;
use crate::store::breaker::HeldScope;

/// Before each country's scope in the database.
const SCOPE: &str = "country:";
/// A worker asks the database no more often whether a probe is its own.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The scope of a country in the database.
pub(super) fn scope(country: &str) -> String {
    format!("{SCOPE}{country}")
}

/// None where negative.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Whether a call to a country may be made.
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

/// The countries that this worker knows of.
#[derive(Default)]
pub(super) struct Countries {
    held: HashMap<String, Hold>,
    suspects: HashMap<String, Suspects>,
    /// Countries that a gauge was ever shown for.
    shown: HashSet<String>,
}

impl Countries {
    pub(super) fn way(&self, country: &str) -> Way {
        let Some(hold) = self.held.get(country) else { return Way::Free };
        let now = Instant::now();
        if !hold.fresh && now >= hold.due {
            return Way::Due(hold.code);
        }
        Way::Held { for_now: hold.due.saturating_duration_since(now), code: hold.code }
    }

    /// The database is asked whose the probe is that is due: the others wait for a while.
    pub(super) fn asked(&mut self, country: &str) {
        if let Some(hold) = self.held.get_mut(country) {
            hold.due = Instant::now() + ASK_AGAIN;
        }
    }

    /// For how long calls to the country have been held back.
    pub(super) fn open_for(&self, country: &str) -> Duration {
        self.held.get(country).map_or(Duration::ZERO, |h| h.since.elapsed())
    }

    /// Whether calls to the country are held back, a probe or not.
    pub(super) fn holds(&self, country: &str) -> bool {
        self.held.contains_key(country)
    }

    /// Whether only a callback can report the end of this hold.
    pub(super) fn is_by_callback(&self, country: &str) -> bool {
        self.held.get(country).is_some_and(|h| h.by_callback)
    }

    /// Holds a country back. False: it is already.
    pub(super) fn hold(&mut self, country: &str, code: Reason, by_callback: bool, gap: Duration) -> bool {
        self.suspects.remove(country);
        if self.held.contains_key(country) {
            return false;
        }
        let since = Instant::now();
        let hold = Hold { code, by_callback, since, due: since + gap, fresh: true };
        self.held.insert(country.to_owned(), hold);
        self.show();
        true
    }

    /// Notes a recipient that was refused. True: there were several.
    pub(super) fn refused(&mut self, country: &str, recipient: &str) -> bool {
        self.suspects.entry(country.to_owned()).or_default().refused(recipient, Instant::now())
    }

    pub(super) fn accepted(&mut self, country: &str) {
        if self.suspects.get_mut(country).is_some_and(|s| s.accepted(Instant::now())) {
            self.suspects.remove(country);
        }
    }

    pub(super) fn release(&mut self, country: &str) {
        self.held.remove(country);
        self.show();
    }

    /// The database has it now, or a later one.
    pub(super) fn stored(&mut self, scope: &str) {
        if let Some(hold) = scope.strip_prefix(SCOPE).and_then(|c| self.held.get_mut(c)) {
            hold.fresh = false;
        }
    }

    /// Takes over the database's state. Changes that the database does not know yet stay.
    pub(super) fn read(&mut self, rows: &[HeldScope]) {
        let now = Instant::now();
        self.held.retain(|_, hold| hold.fresh);
        for row in rows {
            let Some(country) = row.scope.strip_prefix(SCOPE) else { continue };
            let hold = Hold {
                code: row.kind.parse().unwrap_or(Reason::BreakerOpen),
                by_callback: row.by_callback,
                since: now.checked_sub(seconds(row.open_for)).unwrap_or(now),
                due: now + seconds(row.due_in),
                fresh: false,
            };
            self.held.insert(country.to_owned(), hold);
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
        self.shown.extend(self.held.keys().cloned());
        for country in &self.shown {
            let held = if self.held.contains_key(country) { 1.0 } else { 0.0 };
            metrics::gauge!("onboarding_country_held", "country" => country.clone()).set(held);
        }
    }
}
