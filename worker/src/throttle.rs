//! What a call must pass before it is claimed: no pause, a permit, its share of the rate, and the breaker.

pub(crate) mod breaker;
mod lane_queue;
mod lane_watch;
mod limiter;
mod pauses;
mod permits;

use std::time::Duration;

use metrics::{Histogram, histogram};
use shared::{lane::QueueLane, phone::CountryCode};
use sqlx::PgPool;
use tokio::time::{Instant, timeout, timeout_at};

use crate::observe::metric_handles::Handles;

pub(crate) use breaker::{ACCOUNT, Blame, Breaker, Entry, Finding, Outage, Scope, Trip};
pub(crate) use lane_queue::Rank;
pub(crate) use lane_watch::{LaneWatch, Obstacle};
pub(crate) use limiter::Limiter;
pub(crate) use pauses::Pauses;
pub(crate) use permits::{Call, Echo, Permits};

use limiter::Share;
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
    pub(crate) waits: Handles<QueueLane, Histogram, 2>,
}

/// The right to make one call now.
pub(crate) struct Pass<'a> {
    permit: Permit<'a>,
    share: Share<'a>,
    rank: Rank,
    segments: u32,
}

impl Pass<'_> {
    /// Whether its share of the rate is still good, to be asked right before the call.
    pub(crate) fn is_good(&self) -> bool {
        self.share.is_good()
    }

    /// The call is made now. A share of the rate that is not used goes back.
    pub(crate) fn spend(&mut self) {
        self.share.spend();
    }

    /// The call has ended.
    pub(crate) fn finish(self, echo: Option<Echo>) {
        self.permit.finish(echo);
    }
}

impl Gate {
    /// Fails at once where a call would be held back.
    pub(crate) fn check(
        &self,
        lane: QueueLane,
        country: Option<CountryCode>,
        entry: Entry,
    ) -> Result<(), Trip> {
        self.pauses.check(lane)?;
        self.breaker.check(entry)?;
        self.breaker.check_country(country, entry)
    }

    /// The same, where the database may have to say whether this call is the probe of its country.
    pub(crate) async fn approach(
        &self,
        pool: &PgPool,
        lane: QueueLane,
        country: Option<CountryCode>,
        entry: Entry,
    ) -> Result<Entry, Trip> {
        self.pauses.check(lane)?;
        self.breaker.approach(pool, country, entry).await
    }

    /// Follows what may hold a lane back as a whole.
    pub(crate) fn watch(&self, lane: QueueLane) -> LaneWatch {
        LaneWatch::new(self, lane)
    }

    /// Waits for a permit and for `segments` of the rate. `Err`: breaker or pause hold such calls back.
    pub(crate) async fn enter(
        &self,
        rank: Rank,
        country: Option<CountryCode>,
        segments: u32,
        entry: Entry,
    ) -> Result<Pass<'_>, Trip> {
        let lane = rank.lane;
        self.check(lane, country, entry)?;
        tokio::select! {
            biased;
            // First: where nothing is waited for, pauses and breaker need not be followed.
            (permit, share) = self.permit_and_share(rank, segments) => {
                self.check(lane, country, entry)?;
                Ok(Pass { permit, share, rank, segments })
            }
            trip = self.pauses.until_paused(lane) => Err(trip),
            trip = self.breaker.until_held(country, entry) => Err(trip),
        }
    }

    /// Where calls are few, a token is at hand while the permit is held. Where the rate is low, the wait for it holds
    /// no permit: a live call would find none behind a backfill that waits.
    async fn permit_and_share(&self, rank: Rank, segments: u32) -> (Permit<'_>, Share<'_>) {
        let mut permit = self.permits.take(rank).await;
        let started = Instant::now();
        let mut wait = self.limiter.take(rank, segments);
        let share = loop {
            if let Some(share) = wait.at_once() {
                break share;
            }
            if let Ok(share) = timeout(PATIENCE, wait.share()).await {
                break share;
            }
            drop(permit);
            let share = wait.share().await;
            permit = self.permits.take(rank.first()).await;
            if share.is_good() {
                break share;
            }
            wait = self.limiter.take(rank.first(), segments);
        };
        let lane = rank.lane;
        let register = || histogram!("onboarding_rate_limit_wait_seconds", "lane" => lane.as_str());
        self.waits.with(lane, register, |h| h.record(started.elapsed().as_secs_f64()));
        (permit, share)
    }

    /// Takes another token for one that died while the claim was written. False: there was none before `deadline`.
    pub(crate) async fn renew<'a>(&'a self, pass: &mut Pass<'a>, deadline: Instant) -> bool {
        while !pass.is_good() {
            let mut wait = self.limiter.take(pass.rank.first(), pass.segments);
            match timeout_at(deadline, wait.share()).await {
                Ok(share) => pass.share = share,
                Err(_) => return false,
            }
        }
        true
    }
}
