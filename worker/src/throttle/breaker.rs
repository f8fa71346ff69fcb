//! The breaker: faults of the account, of Twilio and of the way to it stop all calls; faults of a destination stop
//! the calls to it: a country, or a channel whose sender is at fault. Users wait meanwhile, and none of them is failed by it.
//!
//! Each worker opens by what it sees itself; the table `breaker` makes it the fleet's, and gives out the probes.

mod caps;
mod destinations;
mod fleet;
mod outage;
mod state;
mod suspects;
mod terms;

use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::{
    domain::{Reason, RetryPolicy},
    lane::Lane,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::lock::lock;
use crate::{
    store::breaker::{Fault, Gaps, HeldScope},
    twilio::{Client, Preflight},
};
pub(crate) use destinations::Destination;
use destinations::{Destinations, Way};
pub(crate) use outage::Outage;
use outage::Run;
pub(crate) use state::{Scope, State};
use suspects::Suspects;
pub(crate) use terms::{Blame, Entry, Finding, Rejection};

const NETWORK: &str = "network";
/// Credentials, sender or account are at fault.
pub(crate) const ACCOUNT: &str = "account";

/// This many calls in a row without a definite answer mean an outage. If a fifth of all calls fails at random, such a
/// run occurs once in 300,000 calls.
const LONGEST_RUN: usize = 8;

/// So long the outcome of a refused call waits for what Twilio says of the account.
const ASKING: Duration = Duration::from_secs(10);

/// The breaker of one worker.
pub(crate) struct Breaker {
    state: watch::Sender<State>,
    run: Run,
    longest_run: u32,
    gaps: Gaps,
    /// The longest that a probe takes.
    probe_takes: Duration,
    suspects: Mutex<Suspects>,
    destinations: Mutex<Destinations>,
    /// Destinations are held back, or recipients under suspicion: only then answers need a lock.
    watchful: AtomicBool,
    /// Changes that the database does not know yet.
    changes: Mutex<Vec<BreakerChange>>,
    told: Notify,
    /// How many exchanges with the database have begun, and the last one that came to its end.
    exchanges: AtomicU64,
    last_exchange: watch::Sender<u64>,
    /// The scope whose probe is due, as the database last said.
    due: Mutex<Option<&'static str>>,
    finding: Mutex<Option<Finding>>,
    asking: tokio::sync::Mutex<()>,
}

/// A change that this worker saw first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum BreakerChange {
    Opened(Fault),
    Closed(String),
    Passed(String),
}

impl Breaker {
    /// Closed, and not consumed through until the database was read. `gaps` lie between probes, each of which takes at most
    /// `probe_takes`; `concurrency` calls may be in flight.
    pub(crate) fn new(gaps: RetryPolicy, probe_takes: Duration, concurrency: usize) -> Self {
        let breaker = Self {
            state: watch::Sender::new(State::default()),
            run: Run::default(),
            // With the calls in flight when it opens, an outage leaves at most twice `concurrency` calls without an
            // answer.
            longest_run: u32::try_from(concurrency.saturating_add(1).min(LONGEST_RUN)).unwrap_or(2),
            gaps: Gaps { base: gaps.base, max: gaps.max },
            probe_takes,
            suspects: Mutex::default(),
            destinations: Mutex::default(),
            watchful: AtomicBool::new(false),
            changes: Mutex::default(),
            told: Notify::new(),
            exchanges: AtomicU64::new(0),
            last_exchange: watch::Sender::new(0),
            due: Mutex::default(),
            finding: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        };
        breaker.state.borrow().show();
        breaker
    }

    /// Follows the state.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Whether nothing is to be sent in this lane at the moment, but for a probe.
    pub(crate) fn is_open(&self, lane: Lane) -> bool {
        self.state.borrow().holds(lane).is_some()
    }

    /// Whether what the database says was read at least once.
    pub(crate) fn is_read(&self) -> bool {
        self.state.borrow().read
    }

    /// Whether calls to any destination are held back.
    pub(crate) fn holds_a_destination(&self) -> bool {
        self.is_watchful() && self.destinations().any()
    }

    /// Fails where a call of this lane is held back, whatever its destination.
    pub(crate) fn check(&self, lane: Lane, entry: Entry) -> Result<(), Rejection> {
        if entry.probe { Ok(()) } else { self.state.borrow().rejection(lane).map_or(Ok(()), Err) }
    }

    /// Fails where calls to this destination are held back.
    pub(crate) fn check_destination(&self, to: Option<Destination>, entry: Entry) -> Result<(), Rejection> {
        if entry.destination_probe || !self.is_watchful() {
            return Ok(());
        }
        let Some(to) = to else { return Ok(()) };
        match self.destinations().way(to) {
            Way::Free => Ok(()),
            Way::Due(code) => Err(destination_rejection(to, Duration::ZERO, code)),
            Way::Held { for_now, code } => Err(destination_rejection(to, for_now, code)),
        }
    }

    /// How long calls to this destination are held back for sure. None: they are not, or a probe is due.
    pub(crate) fn holds_for(&self, to: Destination) -> Option<Duration> {
        match self.is_watchful().then(|| self.destinations().way(to))? {
            Way::Held { for_now, .. } => Some(for_now),
            Way::Free | Way::Due(_) => None,
        }
    }

    /// Waits until a call that waits for its turn is held back.
    pub(crate) async fn until_held(&self, lane: Lane, to: Option<Destination>, entry: Entry) -> Rejection {
        let mut state = self.state.subscribe();
        loop {
            state.borrow_and_update();
            if let Err(rejection) = self.check(lane, entry).and_then(|()| self.check_destination(to, entry)) {
                return rejection;
            }
            if state.changed().await.is_err() {
                // This object is gone, and with it the worker.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Twilio accepted a message.
    pub(crate) fn accepted(&self, to: Option<Destination>, entry: Entry) {
        self.definite(entry);
        if !self.is_watchful() {
            return;
        }
        lock(&self.suspects).accepted(Instant::now());
        if let Some(to) = to {
            let mut destinations = self.destinations();
            destinations.accepted(to);
            if entry.destination_probe && !destinations.is_by_callback(to) {
                self.release(&mut destinations, to);
            }
        }
    }

    /// Twilio gave a definite answer that does not speak of the account.
    pub(crate) fn definite(&self, entry: Entry) {
        self.run.end();
        if entry.probe {
            self.found(Finding::Well);
        }
    }

    /// A call ended without a definite answer; many in a row open the breaker.
    pub(crate) fn indefinite(&self, kind: Outage, entry: Entry) {
        let (length, kind_of_run) = self.run.one_more(kind);
        if entry.probe {
            self.found(Finding::Outage(kind));
        } else if length >= self.longest_run && self.state.borrow().network.is_none() {
            self.tell(BreakerChange::Opened(fault(NETWORK, kind_of_run.as_str(), false)));
            tracing::error!(
                kind = kind_of_run.as_str(),
                calls = length,
                "breaker opened: Twilio is out of reach"
            );
            self.change(|state| state.network = Some(kind_of_run));
        }
    }

    /// A recipient was refused with a code that may speak of the account: finds out whether it does.
    pub(crate) async fn account_refused(&self, client: &Client, recipient: &str, entry: Entry) -> Blame {
        self.run.end();
        if entry.probe {
            self.found(Finding::Account);
        }
        let several = {
            self.watchful.store(true, Ordering::Relaxed);
            lock(&self.suspects).refused(recipient, Instant::now())
        };
        if several {
            self.open_account();
        }
        // One asks, the others wait for what it learns.
        let ask = async {
            let _asking = self.asking.lock().await;
            let known = self.state.borrow().account;
            if known { None } else { Some(client.preflight().await) }
        };
        let asked = tokio::time::timeout(ASKING, ask).await;
        if let Ok(Some(Preflight::Refused { status, code })) = asked {
            tracing::error!(status, code, "Twilio refuses the account");
            self.open_account();
        }
        if self.state.borrow().account { Blame::Account } else { Blame::Recipient }
    }

    /// A recipient was refused with a code that may speak of the destination.
    pub(crate) fn destination_refused(
        &self,
        to: Option<Destination>,
        code: Reason,
        recipient: &str,
    ) -> Blame {
        let Some(to) = to else { return Blame::Recipient };
        self.watchful.store(true, Ordering::Relaxed);
        let mut destinations = self.destinations();
        if destinations.holds(to) {
            return Blame::Destination;
        }
        if !destinations.refused(to, recipient) {
            return Blame::Recipient;
        }
        drop(destinations);
        self.hold(to, code, false);
        Blame::Destination
    }

    /// Holds back the calls to a destination.
    pub(crate) fn hold(&self, to: Destination, code: Reason, by_callback: bool) {
        self.watchful.store(true, Ordering::Relaxed);
        let gap = self.destination_gaps(by_callback).base;
        let fresh = self.destinations().hold(to, code, by_callback, gap);
        if fresh || by_callback {
            let scope = to.scope();
            self.tell(BreakerChange::Opened(fault(&scope, &code.as_str(), by_callback)));
        }
        if fresh {
            tracing::error!(destination = to.scope(), %code, "breaker: calls to this destination are held back");
            // Wakes those that wait for their turn.
            self.state.send_modify(|_| {});
        }
    }

    /// A message to this destination was sent on by Twilio, or has arrived. One that is older than the hold says nothing of it.
    pub(crate) fn delivered(&self, to: impl FnOnce() -> Option<Destination>, arrived: bool, age: Duration) {
        if !self.is_watchful() {
            return;
        }
        let Some(to) = to() else { return };
        let mut destinations = self.destinations();
        if !destinations.is_by_callback(to) || destinations.open_for(to) < age {
            return;
        }
        if arrived {
            self.release(&mut destinations, to);
        } else {
            self.tell(BreakerChange::Passed(to.scope()));
        }
    }

    fn open_account(&self) {
        if self.state.borrow().account {
            return;
        }
        tracing::error!("breaker opened: Twilio refuses the account or the sender");
        self.tell(BreakerChange::Opened(fault(ACCOUNT, ACCOUNT, false)));
        self.change(|state| state.account = true);
        lock(&self.suspects).clear();
    }

    fn release(&self, destinations: &mut MutexGuard<'_, Destinations>, to: Destination) {
        tracing::info!(destination = to.scope(), "calls to this destination are made again");
        destinations.release(to);
        self.tell(BreakerChange::Closed(to.scope()));
    }

    /// Takes over the database's state. Changes that the database does not know yet stay.
    fn read(&self, rows: &[HeldScope]) {
        let untold = lock(&self.changes).clone();
        let untold = |scope: &str| {
            untold.iter().any(|n| matches!(n, BreakerChange::Opened(fault) if fault.scope == scope))
        };
        let row = |scope: &str| rows.iter().find(|r| r.scope == scope);
        {
            let mut destinations = self.destinations();
            destinations.read(rows);
            let watchful =
                destinations.any() || destinations.any_suspect() || !lock(&self.suspects).is_empty();
            self.watchful.store(watchful, Ordering::Relaxed);
        }
        self.change(|state| {
            state.read = true;
            state.capped = state.capped.filter(|until| *until > Instant::now());
            state.welcomes_capped = state.welcomes_capped.filter(|until| *until > Instant::now());
            if !untold(NETWORK) {
                let kind = row(NETWORK).map(|r| Outage::of_word(&r.kind));
                if state.network.is_some() && kind.is_none() {
                    self.run.end();
                }
                state.network = kind;
            }
            if !untold(ACCOUNT) {
                state.account = row(ACCOUNT).is_some();
            }
            state.seeking &= state.scope().is_some();
        });
    }

    fn destination_gaps(&self, by_callback: bool) -> Gaps {
        if by_callback { Gaps { base: self.gaps.max, max: self.gaps.max * 12 } } else { self.gaps }
    }

    fn is_watchful(&self) -> bool {
        self.watchful.load(Ordering::Relaxed)
    }

    fn tell(&self, change: BreakerChange) {
        {
            let mut all = lock(&self.changes);
            if !all.contains(&change) {
                all.push(change);
            }
        }
        self.told.notify_one();
    }

    fn found(&self, finding: Finding) {
        *lock(&self.finding) = Some(finding);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_if_modified(|state| {
            let before = *state;
            change(state);
            if *state != before {
                state.show();
            }
            *state != before
        });
    }

    fn destinations(&self) -> MutexGuard<'_, Destinations> {
        lock(&self.destinations)
    }
}

fn fault(scope: &str, kind: &str, by_callback: bool) -> Fault {
    Fault { scope: scope.to_owned(), kind: kind.to_owned(), by_callback }
}

fn destination_rejection(to: Destination, again_in: Duration, code: Reason) -> Rejection {
    // No user fails by a fault of our sender, however long it lasts.
    let channel = matches!(to, Destination::Channel(_));
    let ends_with = (!channel).then_some(code);
    Rejection { reason: Reason::BreakerOpen, again_in, ends_with, channel }
}

#[cfg(test)]
mod tests;
