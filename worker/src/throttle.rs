//! What a call must pass before it is claimed: no pause, a permit, its share of the rate, and the breaker.

pub(crate) mod breaker;
mod fair_queue;
mod lane_watch;
mod lock;
mod pauses;
mod permits;
mod rate;
mod recent;
mod room;
mod slowdown;

use std::time::Duration;

use futures::FutureExt as _;
use metrics::{Histogram, gauge, histogram};
use shared::lane::{Lane, QueueLane};
use sqlx::PgPool;
use tokio::time::{Instant, timeout, timeout_at};

use crate::observe::metric_handles::Handles;

pub(crate) use breaker::{ACCOUNT, Blame, Breaker, Destination, Entry, Finding, Outage, Rejection, Scope};
pub(crate) use fair_queue::Rank;
pub(crate) use lane_watch::{LaneWatch, Obstacle};
pub(crate) use pauses::Pauses;
pub(crate) use permits::{Call, CallSample, Permits};
pub(crate) use rate::Rate;
pub(crate) use room::Room;
pub(crate) use slowdown::{Refusals, slow_down, wait_for_tomorrow};

use permits::Permit;
use rate::Token;

/// How long a call keeps its permit while it waits for a token. Then other calls use the permit.
const PATIENCE: Duration = Duration::from_millis(10);

/// The throttle of one worker.
pub(crate) struct Throttle {
    pub(crate) permits: Permits,
    /// Segments of text messages.
    pub(crate) rate: Rate,
    /// Messages of WhatsApp.
    pub(crate) whatsapp_rate: Rate,
    pub(crate) room: Room,
    /// What WhatsApp refused for a limit.
    pub(crate) refusals: Refusals,
    pub(crate) breaker: Breaker,
    pub(crate) pauses: Pauses,
    /// How long calls waited for the rate, by lane.
    pub(crate) waits: Handles<Lane, Histogram, { Lane::ALL.len() }>,
}

/// What a message uses up of its channel's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// A text message of so many segments.
    Segments(u32),
    /// A message of WhatsApp.
    Whatsapp,
}

/// The right to make one call now.
pub(crate) struct SendPermit<'a> {
    permit: Permit<'a>,
    token: Token<'a>,
    rank: Rank,
    load: Load,
}

impl SendPermit<'_> {
    /// Whether the token is still good. Ask right before the call.
    pub(crate) fn is_good(&self) -> bool {
        self.token.is_good()
    }

    /// The call is made now. A token that is not spent goes back when the permit is dropped.
    pub(crate) fn spend(&mut self) {
        self.token.spend();
    }

    /// The call has ended.
    pub(crate) fn finish(self, sample: Option<CallSample>) {
        self.permit.finish(sample);
    }
}

impl Throttle {
    /// Fails at once if a pause or the breaker holds the call back.
    pub(crate) fn check(
        &self,
        lane: impl Into<Lane>,
        to: Option<Destination>,
        entry: Entry,
    ) -> Result<(), Rejection> {
        let lane = lane.into();
        self.pauses.check(lane)?;
        self.breaker.check(lane, entry)?;
        self.breaker.check_destination(to, entry)
    }

    /// Like `check`, but asks the database, if needed, whether this call is the probe of its destination.
    pub(crate) async fn approach(
        &self,
        pool: &PgPool,
        lane: impl Into<Lane>,
        to: Option<Destination>,
        entry: Entry,
    ) -> Result<Entry, Rejection> {
        let lane = lane.into();
        self.pauses.check(lane)?;
        self.breaker.approach(pool, lane, to, entry).await
    }

    /// Follows the obstacles that hold a whole lane back.
    pub(crate) fn watch(&self, lane: QueueLane) -> LaneWatch {
        LaneWatch::new(lane, self.breaker.watch(), self.pauses.watch())
    }

    /// Sets the gauges of permits and rate, and that of the room on WhatsApp where it is out of date.
    pub(crate) fn show(&self) {
        let _room = self.room.full_for();
        let value = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let (limit, held) = self.permits.in_use();
        gauge!("onboarding_concurrency_limit").set(value(limit));
        for (lane, held) in Lane::ALL.into_iter().zip(held) {
            gauge!("onboarding_calls_in_flight", "lane" => lane.as_str()).set(value(held));
        }
        gauge!("onboarding_rate_available_tokens").set(self.rate.available().map_or(f64::INFINITY, value));
    }

    /// Waits for a permit and for `load` of the rate. `Err`: the breaker or a pause holds the call back.
    pub(crate) async fn enter(
        &self,
        rank: Rank,
        to: Option<Destination>,
        load: Load,
        entry: Entry,
    ) -> Result<SendPermit<'_>, Rejection> {
        let lane = rank.lane;
        self.check(lane, to, entry)?;
        tokio::select! {
            biased;
            // First: where nothing is waited for, pauses and breaker need not be followed.
            (permit, token) = self.permit_and_token(rank, load) => {
                self.check(lane, to, entry)?;
                Ok(SendPermit { permit, token, rank, load })
            }
            rejection = self.pauses.until_paused(lane) => Err(rejection),
            rejection = self.breaker.until_held(lane, to, entry) => Err(rejection),
        }
    }

    /// A permit is held for a short wait for a token only. If it were held where the rate is low, live calls would find no
    /// permit behind a backfill that waits for the rate.
    async fn permit_and_token(&self, rank: Rank, load: Load) -> (Permit<'_>, Token<'_>) {
        let mut permit = self.permits.take(rank).await;
        let started = Instant::now();
        let mut token = self.ask(rank, load);
        loop {
            let at_hand = token.granted().now_or_never().is_some();
            if at_hand || timeout(PATIENCE, token.granted()).await.is_ok() {
                break;
            }
            drop(permit);
            token.granted().await;
            permit = self.permits.take(rank.first()).await;
            if token.is_good() {
                break;
            }
            token = self.ask(rank.first(), load);
        }
        let lane = rank.lane;
        let register = || histogram!("onboarding_rate_limit_wait_seconds", "lane" => lane.as_str());
        self.waits.with(lane, register, |h| h.record(started.elapsed().as_secs_f64()));
        (permit, token)
    }

    fn ask(&self, rank: Rank, load: Load) -> Token<'_> {
        match load {
            Load::Segments(segments) => self.rate.ask(rank, segments),
            Load::Whatsapp => self.whatsapp_rate.ask(rank, 1),
        }
    }

    /// Replaces a token that expired while the claim was written. False: no token was free before `deadline`.
    pub(crate) async fn renew<'a>(&'a self, permit: &mut SendPermit<'a>, deadline: Instant) -> bool {
        while !permit.is_good() {
            let mut token = self.ask(permit.rank.first(), permit.load);
            if timeout_at(deadline, token.granted()).await.is_err() {
                return false;
            }
            permit.token = token;
        }
        true
    }
}
