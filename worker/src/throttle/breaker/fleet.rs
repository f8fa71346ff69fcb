//! Keeps this worker's breaker and the fleet's the same, and makes the probes that this worker wins.

use std::{panic::AssertUnwindSafe, sync::atomic::Ordering, time::Duration};

use chrono::Utc;
use futures::FutureExt;
use shared::{db::sqlstate, lane::Lane, loggable, phone::CountryCode};
use tokio_util::sync::CancellationToken;

use super::{ACCOUNT, Breaker, Entry, Finding, NETWORK, News, Trip, Way, countries, country_trip, lock};
use crate::{
    consumer::may_run,
    health::Health,
    pipeline,
    store::breaker::{self as store, Turn},
    twilio::Preflight,
    worker::Worker,
};

/// A change is to be known to all within a second.
const INTERVAL: Duration = Duration::from_millis(500);
/// However many ask, the database is read no more often.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(3);
/// Users who are tried in one probe, should there be nothing to send to the first ones, or their country be held back.
const TRIES: usize = 100;
/// So much later a user is tried again whose probe came to no end.
const POSTPONED: Duration = Duration::from_secs(60);

/// Follows the fleet's breaker until the worker stops.
pub(crate) async fn follow(worker: &Worker, health: &Health, stop: &CancellationToken) {
    let breaker = &worker.gate.breaker;
    while !stop.is_cancelled() {
        tokio::select! {
            () = health.database_ready() => {}
            () = stop.cancelled() => return,
        }
        match tokio::time::timeout(TIMEOUT, breaker.exchange(&worker.pool)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(cause = sqlstate(&error), "the fleet's breaker cannot be read"),
            Err(_) => tracing::warn!("the fleet's breaker cannot be read in time"),
        }
        tokio::time::sleep(LEAST_INTERVAL).await;
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = breaker.told.notified() => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Probes until the worker stops. What the database does not tell is not probed: no call could be recorded either.
pub(crate) async fn keep_probing(worker: &Worker, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL / 2) => {}
            () = stop.cancelled() => return,
        }
        let due = lock(&worker.gate.breaker.due).take();
        if let Some(scope) = due
            && let Err(error) = probe(worker, scope).await
        {
            tracing::warn!(scope, cause = sqlstate(&error), "no probe: the database failed");
        }
    }
}

/// One round of both, for a test in which no time passes by itself.
#[cfg(test)]
pub(crate) async fn step(worker: &Worker) -> Result<(), sqlx::Error> {
    let breaker = &worker.gate.breaker;
    breaker.exchange(&worker.pool).await?;
    let due = lock(&breaker.due).take();
    if let Some(scope) = due {
        probe(worker, scope).await?;
    }
    breaker.exchange(&worker.pool).await
}

/// One waiting user's call, if the probe is due and this worker wins it.
async fn probe(worker: &Worker, scope: &'static str) -> Result<(), sqlx::Error> {
    let (pool, breaker) = (&worker.pool, &worker.gate.breaker);
    let (window, now) = (worker.config.backfill_window, Utc::now());
    let lanes: Vec<Lane> = Lane::ALL.into_iter().filter(|lane| may_run(*lane, &window, now)).collect();
    let mut next = store::longest_waiting(pool, &lanes).await?;
    breaker.change(|state| state.seeking = next.is_none() && state.scope().is_some());
    if next.is_none() || store::take_probe(pool, scope, within(worker), breaker.gaps).await? != Turn::Ours {
        return Ok(());
    }
    if scope == ACCOUNT
        && let Preflight::Refused { status, code } = worker.client.preflight().await
    {
        tracing::warn!(status, code, "breaker probe: Twilio refuses the account");
        return store::failed(pool, scope, ACCOUNT, breaker.gaps).await;
    }
    for _ in 0..TRIES {
        let Some((user, lane)) = next.take() else { break };
        lock(&breaker.finding).take();
        tracing::info!(scope, user_id = &*loggable(&user), "breaker probe: this user's call finds out");
        match AssertUnwindSafe(pipeline::probe(worker, &user, lane)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(scope, %error, "breaker probe: interrupted");
                if error.is_database() || error.is_stopping() {
                    break;
                }
            }
            Err(_) => tracing::error!(scope, user_id = &*loggable(&user), "breaker probe: panicked"),
        }
        let found = lock(&breaker.finding).take();
        if let Some(finding) = found {
            return conclude(worker, scope, finding).await;
        }
        next = store::longest_waiting(pool, &lanes).await?;
        // One user must not keep all others waiting, whatever is the matter with her data.
        if next.as_ref().is_some_and(|(same, _)| *same == user) {
            store::postpone(pool, &user, POSTPONED).await?;
            next = store::longest_waiting(pool, &lanes).await?;
        }
    }
    store::found_nobody(pool, scope).await
}

async fn conclude(worker: &Worker, scope: &'static str, finding: Finding) -> Result<(), sqlx::Error> {
    let (pool, breaker) = (&worker.pool, &worker.gate.breaker);
    match finding {
        Finding::Outage(kind) if scope == NETWORK => {
            // An outage that shows several kinds stays `mixed`: the alert keeps its label.
            let before = breaker.state.borrow().network;
            let kind = before.map_or(kind, |before| before.and(kind));
            store::failed(pool, scope, kind.as_str(), breaker.gaps).await
        }
        Finding::Account | Finding::Outage(_) if scope == ACCOUNT => {
            store::failed(pool, scope, ACCOUNT, breaker.gaps).await
        }
        _ => {
            tracing::info!(scope, "breaker closed: the probe got a definite answer");
            store::close(pool, scope).await?;
            breaker.told.notify_one();
            Ok(())
        }
    }
}

/// The time that a probe may take.
fn within(worker: &Worker) -> Duration {
    worker.config.twilio.timeout + worker.config.twilio.lookup_timeout
}

impl Breaker {
    /// Tells the database what is new here, and reads what is new there.
    async fn exchange(&self, pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        loop {
            let next = lock(&self.news).first().cloned();
            let Some(news) = next else { break };
            match &news {
                News::Opened(fault) => {
                    let gaps = match fault.scope.as_str() {
                        NETWORK | ACCOUNT => self.gaps,
                        _ => self.country_gaps(fault.by_callback),
                    };
                    store::open(pool, fault, gaps).await?;
                    self.countries().stored(&fault.scope);
                }
                News::Closed(scope) => store::close(pool, scope).await?,
                News::Passed(scope) => store::passed(pool, scope).await?,
            }
            lock(&self.news).remove(0);
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

    /// Whether the fleet's breaker is open as the database says now: what this worker knows may be older.
    pub(crate) async fn is_open_now(&self) -> bool {
        let mut last = self.last_exchange.subscribe();
        // One that has begun may have read too early.
        let begun = self.exchanges.load(Ordering::Relaxed);
        self.told.notify_one();
        let _ = tokio::time::timeout(TIMEOUT, last.wait_for(|number| *number > begun)).await;
        self.is_open()
    }

    /// How a user's call meets the breaker: held back, let through, or as the probe of their country.
    pub(crate) async fn approach(
        &self,
        worker: &Worker,
        country: Option<CountryCode>,
        entry: Entry,
    ) -> Result<Entry, Trip> {
        self.check(entry)?;
        let Some(country) = country.filter(|_| self.is_watchful()) else { return Ok(entry) };
        let (way, by_callback) = {
            let mut countries = self.countries();
            let way = countries.way(country.as_str());
            if matches!(way, Way::Due(_)) {
                countries.asked(country.as_str());
            }
            (way, countries.is_by_callback(country.as_str()))
        };
        let code = match way {
            Way::Free => return Ok(entry),
            Way::Held { for_now, code } => return Err(country_trip(for_now, code)),
            Way::Due(code) => code,
        };
        let (scope, gaps) = (countries::scope(country.as_str()), self.country_gaps(by_callback));
        match store::take_probe(&worker.pool, &scope, within(worker), gaps).await {
            Ok(Turn::Ours) => {
                tracing::info!(country = country.as_str(), "probe of a country that is held back");
                Ok(Entry { country_probe: true, ..entry })
            }
            Ok(Turn::Passed) => {
                self.countries().release(country.as_str());
                Ok(entry)
            }
            Ok(Turn::NotOurs) | Err(_) => Err(country_trip(Duration::ZERO, code)),
        }
    }
}
