//! `SEND_RATE`: message segments per second, and `WHATSAPP_RATE`: messages per second, each over all workers, by a global
//! GCRA schedule.
//!
//! Postgres keeps the next free slot (`leased_until`) on its own clock: at 50 per second a slot comes every 20 ms, for
//! one segment. A worker leases the next slots, at most 50 ms of them. No two leases overlap, and workers that all want
//! more take turns. A slot is a token that expires 80 ms later. So no second holds more than 1.1 times the rate, even
//! if workers join, die or are late: an unused token is lost, never doubled.

mod scheduler;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::OptionFuture;
use shared::db::sqlstate;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{fair_queue::Rank, lock::lock};
use crate::store::send_rate::Lessor;
use scheduler::{Scheduler, Slot};

const TIMEOUT: Duration = Duration::from_secs(3);
/// After a lease that failed.
const PAUSE: Duration = Duration::from_millis(200);

/// The rate as one worker keeps to it. `None`: unlimited.
pub(crate) struct Rate(Option<Arc<Shared>>);

struct Shared {
    scheduler: Mutex<Scheduler>,
    changed: Notify,
}

impl Rate {
    /// `rate` segments per second of all workers together; 0: unlimited, and `lessor` is never asked.
    pub(crate) fn start(rate: u32, lessor: impl Lessor, stop: CancellationToken) -> Self {
        if rate == 0 {
            return Self(None);
        }
        let (scheduler, changed) = (Mutex::new(Scheduler::new(rate)), Notify::new());
        let shared = Arc::new(Shared { scheduler, changed });
        let running = shared.clone();
        tokio::spawn(async move { stop.run_until_cancelled(running.run(rate, lessor)).await });
        Self(Some(shared))
    }

    /// Tokens that this worker holds and may still use. `None`: the rate is unlimited.
    pub(crate) fn available(&self) -> Option<usize> {
        self.0.as_ref().map(|shared| lock(&shared.scheduler).available(Instant::now()))
    }

    /// Queues up for the right to send `segments`.
    pub(crate) fn ask(&self, rank: Rank, segments: u32) -> Token<'_> {
        let shared = self.0.as_deref();
        let waits = shared.map(|shared| shared.change(|scheduler| scheduler.ask(rank, segments)));
        Token { shared, waits, slot: None }
    }
}

/// A token of the rate, or a place in the queue for one. Dropping it leaves the queue, or gives the token back.
#[must_use]
pub(crate) struct Token<'a> {
    shared: Option<&'a Shared>,
    waits: Option<oneshot::Receiver<Slot>>,
    /// None before the token is granted, and after it is spent.
    slot: Option<Slot>,
}

impl Token<'_> {
    /// Waits until the token is granted. May be called again if the wait was given up.
    pub(crate) async fn granted(&mut self) {
        if let Some(waits) = &mut self.waits {
            match waits.await {
                Ok(slot) => (self.slot, self.waits) = (Some(slot), None),
                // The worker has ended.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// Whether it is granted and may still be used.
    pub(crate) fn is_good(&self) -> bool {
        self.waits.is_none() && self.slot.is_none_or(|slot| Instant::now() <= slot.until)
    }

    /// The call is made now.
    pub(crate) fn spend(&mut self) {
        self.slot = None;
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        if let Some(waits) = &mut self.waits {
            waits.close();
            self.slot = waits.try_recv().ok();
        }
        if let (Some(shared), Some(slot)) = (self.shared, self.slot) {
            shared.change(|scheduler| scheduler.take_back(slot));
        }
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Scheduler) -> T) -> T {
        let mut scheduler = lock(&self.scheduler);
        let changed = change(&mut scheduler);
        // There may be a slot at hand.
        scheduler.hand_out(Instant::now());
        drop(scheduler);
        self.changed.notify_one();
        changed
    }

    /// Hands out slots as their time comes, and leases more. While the database is away nothing is sent.
    async fn run(&self, rate: u32, lessor: impl Lessor) {
        // No honest lease is further ahead: a thousand workers that each hold one, and some seconds.
        let reach = Duration::from_secs(1_000) / rate + Duration::from_secs(10);
        let ask = async |span| {
            let cause = match timeout(TIMEOUT, lessor.lease(span, reach)).await {
                Ok(Ok(lease)) => return Ok(lease),
                Ok(Err(error)) => sqlstate(&error),
                Err(_) => "no answer in time".to_owned(),
            };
            sleep(PAUSE).await;
            Err(cause)
        };
        let (mut leasing, mut failing) = (None, false);
        loop {
            let (next, order) = {
                let (now, mut scheduler) = (Instant::now(), lock(&self.scheduler));
                (scheduler.hand_out(now), scheduler.order(now))
            };
            if let Some(span) = order {
                leasing = Some(Box::pin(ask(span)));
            }
            tokio::select! {
                () = self.changed.notified() => {}
                Some(()) = OptionFuture::from(next.map(sleep_until)) => {}
                Some(lease) = OptionFuture::from(leasing.as_mut()) => {
                    leasing = None;
                    // Once per trouble, not five times a second.
                    if let Err(cause) = &lease && !failing {
                        tracing::warn!(cause, "the rate cannot be leased, nothing is sent");
                    }
                    failing = lease.is_err();
                    lock(&self.scheduler).leased(lease.ok());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
