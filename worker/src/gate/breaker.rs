//! The breaker: account and path faults stop all calls, burn no user, and heal by themselves.

mod countries;
mod probe;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use shared::{reason::Reason, retry::RetryPolicy};
use tokio::sync::watch;

use countries::Countries;
pub(crate) use probe::keep_probing;

/// This many path faults in a row, without any answer between them, mean that Twilio is out of reach.
const PATH_FAULTS: u32 = 3;

/// How far a fault reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Credentials, sender, account.
    Account,
    /// Twilio cannot be reached.
    Network,
    /// The day's messages are used up, at Twilio or by `MAX_MESSAGES_PER_DAY`.
    DailyCap {
        /// Until the next day.
        wait: Duration,
    },
    /// One destination country.
    Country(String),
}

/// Whether calls are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Yes.
    Closed,
    /// One call is let through to find out.
    HalfOpen,
    /// No.
    Open(Scope),
}

/// A call that was held back: what to note on the user, and when she is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    pub(crate) reason: Reason,
    /// Zero: at once, for the sweeper waits for the breaker anyway.
    pub(crate) again_in: Duration,
}

/// The breaker of one worker.
pub(crate) struct Breaker {
    state: watch::Sender<State>,
    probing: AtomicBool,
    path_faults: AtomicU32,
    /// How often it opened since it last closed.
    opened: AtomicU32,
    gaps: RetryPolicy,
    countries: Mutex<Countries>,
}

impl Breaker {
    /// Closed. `gaps` lie between probes.
    pub(crate) fn new(gaps: RetryPolicy) -> Self {
        show(&State::Closed);
        Self {
            state: watch::Sender::new(State::Closed),
            probing: AtomicBool::new(false),
            path_faults: AtomicU32::new(0),
            opened: AtomicU32::new(0),
            gaps,
            countries: Mutex::new(Countries::new(gaps)),
        }
    }

    /// Follows the state.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Whether nothing is to be sent at the moment.
    pub(crate) fn is_open(&self) -> bool {
        matches!(*self.state.borrow(), State::Open(_))
    }

    /// Whether only a probe is let through.
    pub(crate) fn is_half_open(&self) -> bool {
        *self.state.borrow() == State::HalfOpen
    }

    /// Fails at once where a call would be held back.
    pub(crate) fn check(&self) -> Result<(), Trip> {
        match &*self.state.borrow() {
            State::Open(scope) => Err(trip(scope)),
            _ => Ok(()),
        }
    }

    /// Lets a call through, or tells what holds it back. While half open, one call goes and the others wait
    /// for what becomes of it.
    pub(crate) async fn admit(&self, country: Option<&str>) -> Result<Admission<'_>, Trip> {
        if *self.state.borrow() != State::Closed
            && let Some(probe) = self.probe().await?
        {
            return Ok(probe);
        }
        let mut countries = self.countries.lock().unwrap_or_else(PoisonError::into_inner);
        match country.and_then(|c| countries.held(c)) {
            Some(again_in) => Err(Trip { reason: Reason::BreakerOpen, again_in }),
            None => Ok(Admission { breaker: self, probe: false }),
        }
    }

    /// Waits until calls are made again, or for the right to be the one that finds out.
    async fn probe(&self) -> Result<Option<Admission<'_>>, Trip> {
        let mut state = self.state.subscribe();
        loop {
            match &*state.borrow_and_update() {
                State::Open(scope) => return Err(trip(scope)),
                State::Closed => return Ok(None),
                State::HalfOpen if !self.probing.swap(true, Ordering::AcqRel) => {
                    return Ok(Some(Admission { breaker: self, probe: true }));
                }
                State::HalfOpen => {}
            }
            // Err: the breaker is gone, and with it the worker.
            if state.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Twilio answered a create call without an account fault.
    pub(crate) fn worked(&self, country: Option<&str>) {
        self.path_faults.store(0, Ordering::Relaxed);
        if let Some(country) = country {
            self.countries.lock().unwrap_or_else(PoisonError::into_inner).clear(country);
        }
        if self.is_half_open() {
            self.opened.store(0, Ordering::Relaxed);
            self.set(State::Closed);
        }
    }

    /// A call never reached Twilio; several in a row open the breaker.
    pub(crate) fn path_fault(&self) {
        if self.path_faults.fetch_add(1, Ordering::Relaxed) + 1 >= PATH_FAULTS || self.is_half_open() {
            self.open(Scope::Network);
        }
    }

    /// Stops all calls, or those to one country.
    pub(crate) fn open(&self, scope: Scope) {
        if let Scope::Country(country) = scope {
            tracing::error!(country, "breaker: calls to this country are held back");
            self.countries.lock().unwrap_or_else(PoisonError::into_inner).hold(&country);
            return;
        }
        if !self.is_open() {
            self.opened.fetch_add(1, Ordering::Relaxed);
            tracing::error!(?scope, "breaker opened: nothing is sent until a probe succeeds");
            self.set(State::Open(scope));
        }
    }

    fn half_open(&self) {
        self.path_faults.store(0, Ordering::Relaxed);
        tracing::info!("breaker half open: one call is let through");
        self.set(State::HalfOpen);
    }

    /// The gap before the next probe.
    fn gap(&self) -> Duration {
        self.gaps.cap(self.opened.load(Ordering::Relaxed).saturating_sub(1))
    }

    fn set(&self, state: State) {
        show(&state);
        self.probing.store(false, Ordering::Release);
        self.state.send_replace(state);
    }
}

/// A call that was let through. A probe that ends without a verdict lets another one go.
pub(crate) struct Admission<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.probe && self.breaker.is_half_open() {
            self.breaker.probing.store(false, Ordering::Release);
            self.breaker.state.send_modify(|_| {});
        }
    }
}

fn trip(scope: &Scope) -> Trip {
    match scope {
        Scope::DailyCap { wait } => Trip { reason: Reason::DailyCap, again_in: *wait },
        Scope::Network => Trip { reason: Reason::PathFault, again_in: Duration::ZERO },
        Scope::Account | Scope::Country(_) => Trip { reason: Reason::BreakerOpen, again_in: Duration::ZERO },
    }
}

fn show(state: &State) {
    let (account, network) = match state {
        State::Closed => (0.0, 0.0),
        State::HalfOpen => (1.0, 1.0),
        State::Open(Scope::Network) => (0.0, 2.0),
        State::Open(_) => (2.0, 0.0),
    };
    metrics::gauge!("onboarding_circuit_state", "scope" => "account").set(account);
    metrics::gauge!("onboarding_circuit_state", "scope" => "network").set(network);
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
