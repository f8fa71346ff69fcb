//! What the breaker holds back at the moment.

use shared::{
    domain::Reason,
    lane::{DailyBudget, Lane},
};
use tokio::time::Instant;

use super::{Outage, Rejection};

/// The scopes that are held back, and why. Any of them alone stops all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// What the database says was read at least once.
    pub(crate) read: bool,
    /// Twilio cannot be reached, or gives no definite answer.
    pub(crate) network: Option<Outage>,
    /// Credentials, sender or account are at fault.
    pub(crate) account: bool,
    /// Twilio takes no more messages today, until then.
    pub(crate) capped: Option<Instant>,
    /// The day's welcomes are used up by `MAX_MESSAGES_PER_DAY`, until then. Other messages are sent.
    pub(crate) welcomes_capped: Option<Instant>,
    /// A probe is due, and no waiting user can be it. The queues are consumed until one can.
    pub(crate) seeking: bool,
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Credentials, sender, account.
    Account,
    /// Twilio cannot be reached, or gives no definite answer.
    Network(Outage),
    /// The day's messages are used up.
    DailyCap,
}

impl State {
    /// Why nothing is sent in any lane; `None`: calls are made.
    pub(crate) fn scope(&self) -> Option<Scope> {
        let network = self.network.map(Scope::Network);
        let account = self.account.then_some(Scope::Account);
        network.or(account).or(self.capped.map(|_| Scope::DailyCap))
    }

    /// Why nothing is sent in this lane; `None`: calls are made.
    pub(crate) fn holds(&self, lane: Lane) -> Option<Scope> {
        self.scope().or(self.cap_of(lane).map(|_| Scope::DailyCap))
    }

    pub(super) fn rejection(&self, lane: Lane) -> Option<Rejection> {
        let wait = |until: Instant| until.saturating_duration_since(Instant::now());
        if self.network.is_some() || self.account {
            return Some(Rejection::of(Reason::BreakerOpen, std::time::Duration::ZERO));
        }
        self.cap_of(lane).map(|until| Rejection::of(Reason::DailyCap, wait(until)))
    }

    fn cap_of(&self, lane: Lane) -> Option<Instant> {
        match lane.daily_budget() {
            DailyBudget::Welcomes => self.capped.max(self.welcomes_capped),
            DailyBudget::Tips | DailyBudget::Replies => self.capped,
        }
    }

    pub(super) fn show(&self) {
        let state = |open: bool| match (open, self.seeking) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => 2.0,
        };
        let circuit = |scope| metrics::gauge!("onboarding_circuit_state", "scope" => scope);
        circuit("account")
            .set(state(self.account || self.capped.is_some() || self.welcomes_capped.is_some()));
        circuit("network").set(state(self.network.is_some()));
        for kind in Outage::ALL {
            let on = if self.network == Some(kind) { 1.0 } else { 0.0 };
            metrics::gauge!("onboarding_outage", "kind" => kind.as_str()).set(on);
        }
    }
}
