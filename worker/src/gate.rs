//! What a call must pass before it is claimed: no pause, a permit, its share of the rate, and the breaker.

pub(crate) mod breaker;
mod lane_queue;
mod lane_watch;
mod limiter;
mod pauses;
mod permits;

use std::time::Duration;

use metrics::{Histogram, histogram};
use shared::lane::Lane;
use tokio::time::{Instant, timeout, timeout_at};

use crate::handles::Handles;

use breaker::Admission;
pub(crate) use breaker::{Breaker, Scope, State as BreakerState, Trip};
pub(crate) use lane_watch::{LaneWatch, Obstacle};
pub(crate) use limiter::{Lease, Lessor, Limiter};
pub(crate) use pauses::Pauses;
pub(crate) use permits::{Call, Echo, Permits};

use limiter::Token;
use permits::Permit;

/// A permit is held so long for a token; then others make use of it.
const PATIENCE: Duration = Duration::from_millis(10);

/// The gate of one worker.
pub(crate) struct Gate {
    pub(crate) permits: Permits,
    pub(crate) limiter: Limiter,
    pub(crate) breaker: Breaker,
    pub(crate) pauses: Pauses,
    /// How long the rate was waited for, by lane.
    pub(crate) waits: Handles<Lane, Histogram, 2>,
}

/// The right to make one call now.
pub(crate) struct Pass<'a> {
    permit: Permit<'a>,
    _admission: Admission<'a>,
    token: Token,
    lane: Lane,
    segments: u32,
}

impl Pass<'_> {
    /// Whether its share of the rate is still good, to be asked right before the call.
    pub(crate) fn is_good(&self) -> bool {
        self.token.is_good()
    }

    /// The call has ended.
    pub(crate) fn finish(self, echo: Option<Echo>) {
        self.permit.finish(echo);
    }
}

impl Gate {
    /// Fails at once where a call would be held back.
    pub(crate) fn check(&self, lane: Lane) -> Result<(), Trip> {
        self.pauses.check(lane)?;
        self.breaker.check()
    }

    /// Follows what may hold a lane back as a whole.
    pub(crate) fn watch(&self, lane: Lane) -> LaneWatch {
        LaneWatch::new(self, lane)
    }

    /// Waits for a permit and for `segments` of the rate. `Err`: breaker or pause hold such calls back.
    pub(crate) async fn enter(
        &self,
        lane: Lane,
        country: Option<&str>,
        segments: u32,
    ) -> Result<Pass<'_>, Trip> {
        self.check(lane)?;
        tokio::select! {
            biased;
            // First: where nothing is waited for, the pauses need not be followed.
            pass = self.wait(lane, country, segments) => {
                self.pauses.check(lane)?;
                pass
            }
            trip = self.pauses.until_paused(lane) => Err(trip),
        }
    }

    async fn wait(&self, lane: Lane, country: Option<&str>, segments: u32) -> Result<Pass<'_>, Trip> {
        let (permit, token) = self.permit_and_token(lane, segments).await;
        let admission = self.breaker.admit(country).await?;
        Ok(Pass { permit, _admission: admission, token, lane, segments })
    }

    /// Where calls are few, a token is at hand while the permit is held. Where the rate is low, the wait for it holds
    /// no permit: a live call would find none behind a backfill that waits.
    async fn permit_and_token(&self, lane: Lane, segments: u32) -> (Permit<'_>, Token) {
        let mut permit = self.permits.take(lane).await;
        let started = Instant::now();
        let mut wait = self.limiter.take(lane, segments);
        let token = loop {
            if let Some(token) = wait.at_once() {
                break token;
            }
            if let Ok(token) = timeout(PATIENCE, wait.token()).await {
                break token;
            }
            drop(permit);
            let token = wait.token().await;
            permit = self.permits.take_first(lane).await;
            if token.is_good() {
                break token;
            }
            wait = self.limiter.take_first(lane, segments);
        };
        let register = || histogram!("onboarding_rate_limit_wait_seconds", "lane" => lane.as_str());
        self.waits.with(lane, register, |h| h.record(started.elapsed().as_secs_f64()));
        (permit, token)
    }

    /// Takes another token for one that died while the claim was written. False: there was none before `deadline`.
    pub(crate) async fn renew(&self, pass: &mut Pass<'_>, deadline: Instant) -> bool {
        while !pass.is_good() {
            let mut wait = self.limiter.take_first(pass.lane, pass.segments);
            match timeout_at(deadline, wait.token()).await {
                Ok(token) => pass.token = token,
                Err(_) => return false,
            }
        }
        true
    }
}
