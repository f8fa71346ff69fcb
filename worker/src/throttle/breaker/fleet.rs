//! Keeps this worker's breaker and the fleet's the same, and says whose a probe is.

use std::{sync::atomic::Ordering, time::Duration};

use shared::lane::Lane;
use sqlx::PgPool;

use super::{
    ACCOUNT, Breaker, BreakerChange, Destination, Entry, Finding, NETWORK, Rejection, Way,
    destination_rejection, lock,
};
use crate::store::breaker::{self as store, ProbeClaim};

/// So long a call waits for what the database says.
const TIMEOUT: Duration = Duration::from_secs(3);

impl Breaker {
    /// Writes this worker's changes to the database and reads the changes of others.
    pub(crate) async fn exchange(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        loop {
            let next = lock(&self.changes).first().cloned();
            let Some(change) = next else { break };
            match &change {
                BreakerChange::Opened(fault) => {
                    let gaps = match fault.scope.as_str() {
                        NETWORK | ACCOUNT => self.gaps,
                        _ => self.destination_gaps(fault.by_callback),
                    };
                    store::open(pool, fault, gaps).await?;
                    self.destinations().stored(&fault.scope);
                }
                BreakerChange::Closed(scope) => store::close(pool, scope).await?,
                BreakerChange::Passed(scope) => store::passed(pool, scope).await?,
            }
            lock(&self.changes).remove(0);
        }
        let rows = store::current(pool).await?;
        let due = |scope: &str| rows.iter().any(|r| r.scope == scope && r.due_in <= 0.0);
        let next = [NETWORK, ACCOUNT].into_iter().find(|scope| due(scope));
        *lock(&self.due) = next;
        self.read(&rows);
        // Another worker has the probe, or had it.
        self.change(|state| state.seeking &= next.is_some());
        self.last_exchange.send_replace(number);
        Ok(())
    }

    /// Returns when an exchange is to be made at once.
    pub(crate) async fn has_news(&self) {
        self.told.notified().await;
    }

    /// Whether the fleet's breaker is open for this lane as the database says now: what this worker knows may be older.
    pub(crate) async fn is_open_now(&self, lane: Lane) -> bool {
        let mut last = self.last_exchange.subscribe();
        // One that has begun may have read too early.
        let begun = self.exchanges.load(Ordering::Relaxed);
        self.told.notify_one();
        let _ = tokio::time::timeout(TIMEOUT, last.wait_for(|number| *number > begun)).await;
        self.is_open(lane)
    }

    /// The scope whose probe is due. Each exchange returns it once.
    pub(crate) fn due(&self) -> Option<&'static str> {
        lock(&self.due).take()
    }

    /// Whether this worker makes the probe. If `anybody` is false, no waiting user can be the probe, and the queues are
    /// consumed until one can.
    pub(crate) async fn take_probe(
        &self,
        pool: &PgPool,
        scope: &'static str,
        anybody: bool,
    ) -> Result<bool, sqlx::Error> {
        self.change(|state| state.seeking = !anybody && state.scope().is_some());
        lock(&self.finding).take();
        Ok(anybody && store::take_probe(pool, scope, self.probe_takes, self.gaps).await? == ProbeClaim::Ours)
    }

    /// What the last call of a probe found out.
    pub(crate) fn finding(&self) -> Option<Finding> {
        lock(&self.finding).take()
    }

    /// Closes the scope, or puts its next probe off, by what the probe found out.
    pub(crate) async fn conclude(
        &self,
        pool: &PgPool,
        scope: &'static str,
        finding: Finding,
    ) -> Result<(), sqlx::Error> {
        match finding {
            Finding::Outage(kind) if scope == NETWORK => {
                // An outage that shows several kinds stays `mixed`: the alert keeps its label.
                let before = self.state.borrow().network;
                let kind = before.map_or(kind, |before| before.and(kind));
                store::failed(pool, scope, kind.as_str(), self.gaps).await
            }
            Finding::Account | Finding::Outage(_) if scope == ACCOUNT => {
                store::failed(pool, scope, ACCOUNT, self.gaps).await
            }
            _ => {
                tracing::info!(scope, "breaker closed: the probe got a definite answer");
                store::close(pool, scope).await?;
                self.told.notify_one();
                Ok(())
            }
        }
    }

    /// How a user's call meets the breaker: held back, let through, or as the probe of its destination.
    pub(crate) async fn approach(
        &self,
        pool: &PgPool,
        lane: Lane,
        to: Option<Destination>,
        entry: Entry,
    ) -> Result<Entry, Rejection> {
        self.check(lane, entry)?;
        let Some(to) = to.filter(|_| self.is_watchful()) else { return Ok(entry) };
        let (way, by_callback) = {
            let mut destinations = self.destinations();
            let way = destinations.way(to);
            if matches!(way, Way::Due(_)) {
                destinations.asked(to);
            }
            (way, destinations.is_by_callback(to))
        };
        let code = match way {
            Way::Free => return Ok(entry),
            Way::Held { for_now, code } => return Err(destination_rejection(to, for_now, code)),
            Way::Due(code) => code,
        };
        let (scope, gaps) = (to.scope(), self.destination_gaps(by_callback));
        match store::take_probe(pool, &scope, self.probe_takes, gaps).await {
            Ok(ProbeClaim::Ours) => {
                tracing::info!(destination = to.scope(), "probe of a destination that is held back");
                Ok(Entry { destination_probe: true, ..entry })
            }
            Ok(ProbeClaim::Passed) => {
                self.destinations().release(to);
                Ok(entry)
            }
            Ok(ProbeClaim::NotOurs) | Err(_) => Err(destination_rejection(to, Duration::ZERO, code)),
        }
    }
}
