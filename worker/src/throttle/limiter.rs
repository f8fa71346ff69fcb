//! `SEND_RATE`: message segments per second, over all workers.
//!
//! Time is one line, kept in Postgres on the database's clock: at 50 per second it has a moment every 20 ms, and one
//! segment may go per moment. A worker leases a stretch of the line, at most 50 ms of it; no two leases overlap,
//! and workers that all want more take turns. Each moment is a token that dies 80 ms later. So in no second
//! are there more than 1.1 times the rate, whoever joins, dies or is late: what is not used is lost, never doubled.

mod clock;
mod counter;
mod share;
mod token;

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use shared::db::sqlstate;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    store::send_rate::{Lease, SendRate},
    throttle::Rank,
};
use counter::{Counter, Next, Order};
pub(crate) use share::Share;
use token::Token;

const TIMEOUT: Duration = Duration::from_secs(3);
/// After a lease that failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Gives leases.
pub(crate) trait Lessor: Send + Sync + 'static {
    /// Leases the next `span` of the line. A line that is further ahead than `reach` is begun anew.
    fn lease(
        &self,
        span: Duration,
        reach: Duration,
    ) -> impl Future<Output = Result<Lease, sqlx::Error>> + Send;
}

impl Lessor for SendRate {
    async fn lease(&self, span: Duration, reach: Duration) -> Result<Lease, sqlx::Error> {
        self.next_stretch(span, reach).await
    }
}

/// The rate as one worker keeps to it.
pub(crate) struct Limiter(Option<Arc<Shared>>);

struct Shared {
    counter: Mutex<Counter>,
    asked: Notify,
}

impl Limiter {
    /// `rate` segments per second of all workers together; 0: unlimited, and `lessor` is never asked.
    pub(crate) fn start(rate: u32, lessor: impl Lessor, stop: CancellationToken) -> Self {
        if rate == 0 {
            return Self(None);
        }
        let shared = Arc::new(Shared { counter: Mutex::new(Counter::new(rate)), asked: Notify::new() });
        tokio::spawn({
            let shared = shared.clone();
            async move { stop.run_until_cancelled(shared.work(rate, Arc::new(lessor))).await }
        });
        Self(Some(shared))
    }

    /// Tokens that this worker holds and may still use; none: there is no rate.
    pub(crate) fn available(&self) -> Option<u32> {
        Some(self.0.as_ref()?.counter().available(Instant::now()))
    }

    /// Waits for the right to send `segments` now. Dropping it leaves the queue.
    pub(crate) fn take(&self, rank: Rank, segments: u32) -> Wait<'_> {
        let token = self.0.as_ref().map(|shared| {
            let token = {
                let mut counter = shared.counter();
                let token = counter.ask(rank, segments);
                // There may be a token at hand.
                counter.hand_out(Instant::now());
                token
            };
            shared.asked.notify_one();
            token
        });
        Wait { limiter: self, token }
    }

    /// Takes back what was not used, for whoever waits longest.
    fn take_back(&self, token: Token) {
        let Some(shared) = &self.0 else { return };
        {
            let mut counter = shared.counter();
            counter.take_back(token);
            counter.hand_out(Instant::now());
        }
        shared.asked.notify_one();
    }
}

/// A place in the queue for a token.
pub(crate) struct Wait<'a> {
    limiter: &'a Limiter,
    token: Option<tokio::sync::oneshot::Receiver<Token>>,
}

impl<'a> Wait<'a> {
    /// The share, if there is one at hand.
    pub(crate) fn at_once(&mut self) -> Option<Share<'a>> {
        let token = match &mut self.token {
            None => Token::UNLIMITED,
            Some(token) => token.try_recv().ok()?,
        };
        Some(Share::new(self.limiter, token))
    }

    /// The share. May be waited for again after a wait that was given up.
    pub(crate) async fn share(&mut self) -> Share<'a> {
        let token = match &mut self.token {
            None => Token::UNLIMITED,
            // Err: nothing is handed out any more, the worker has ended.
            Some(token) => match token.await {
                Ok(token) => token,
                Err(_) => std::future::pending().await,
            },
        };
        Share::new(self.limiter, token)
    }
}

/// A token that was handed out and not fetched goes back.
impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(token) = &mut self.token else { return };
        token.close();
        if let Ok(token) = token.try_recv() {
            self.limiter.take_back(token);
        }
    }
}

type Leased = Result<(Order, Lease), String>;
type Leasing = Pin<Box<dyn Future<Output = Leased> + Send>>;

impl Shared {
    fn counter(&self) -> MutexGuard<'_, Counter> {
        // A panic while holding it leaves counts behind that are still good.
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out tokens as their moments come, and leases more.
    async fn work(&self, rate: u32, lessor: Arc<impl Lessor>) {
        let mut leasing: Option<Leasing> = None;
        let mut troubled = false;
        loop {
            let Next { order, at } = self.counter().serve(Instant::now());
            if let Some(order) = order {
                leasing = Some(Box::pin(lease(lessor.clone(), rate, order)));
            }
            tokio::select! {
                () = self.asked.notified() => {}
                Some(()) = sleep_until(at) => {}
                Some(done) = come(&mut leasing) => {
                    leasing = None;
                    let mut counter = self.counter();
                    // Once per trouble, not five times a second.
                    if let Err(cause) = &done && !troubled {
                        tracing::warn!(cause, "waiting for the rate: it cannot be leased, nothing is sent");
                    }
                    troubled = done.is_err();
                    match done {
                        Ok((order, lease)) => counter.leased(order, lease),
                        Err(_) => counter.failed(),
                    }
                }
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) -> Option<()> {
    tokio::time::sleep_until(at?).await;
    Some(())
}

async fn come(leasing: &mut Option<Leasing>) -> Option<Leased> {
    Some(leasing.as_mut()?.await)
}

/// `Err`, after a pause: why the database did not give it. While it is away nothing is sent.
async fn lease(lessor: Arc<impl Lessor>, rate: u32, order: Order) -> Leased {
    let cause = match tokio::time::timeout(TIMEOUT, lessor.lease(order.span(), reach(rate))).await {
        Ok(Ok(lease)) => return Ok((order, lease)),
        Ok(Err(error)) => sqlstate(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    tokio::time::sleep(PAUSE).await;
    Err(cause)
}

/// No line is that far ahead by honest leases: a thousand workers that each hold one, and some seconds.
fn reach(rate: u32) -> Duration {
    Duration::from_secs(1_000) / rate.max(1) + Duration::from_secs(10)
}

#[cfg(test)]
#[path = "limiter/tests.rs"]
mod tests;
