//! One lane: a supervised consumer that rebuilds everything after any error or silent end.

mod acks;
mod backlog;
pub(crate) mod dead_queue;
mod delivery;
mod hours;
pub(crate) mod people_queue;
mod session;

use std::{sync::Arc, time::Duration};

use shared::{
    amqp::{Frames, Topology},
    config::Broker,
    domain::RetryPolicy,
    lane::QueueLane,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    health::{Health, LaneState},
    hours::Hours,
    observe::traces::Traces,
    pipeline::Pipeline,
    throttle::{Obstacle, Throttle},
    unfinished::Unfinished,
};

const RECONNECT: RetryPolicy = RetryPolicy { base: Duration::from_millis(200), max: Duration::from_secs(5) };

/// Why a session ended.
#[derive(Debug)]
pub(super) enum End {
    /// The worker stops; everything in hand was settled or given back.
    Stopped,
    /// The breaker opened, or an operator paused the lane; everything in hand was stored.
    Held,
    /// The lane's hours ended; everything in hand was handled or given back.
    OutsideHours,
}

/// A lane of a running worker.
pub(crate) struct Consumer {
    pub(crate) lane: QueueLane,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) unfinished: Arc<Unfinished>,
    pub(crate) health: Arc<Health>,
    pub(crate) traces: Traces,
    pub(crate) broker: Broker,
    pub(crate) topology: Topology,
    /// Deliveries in hand, at most.
    pub(crate) prefetch: u16,
    /// Hours of the backfill lane.
    pub(crate) hours: Hours,
    /// Handlers; they outlive the session that started them.
    pub(crate) handlers: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Consumer {
    /// Consumes until the worker stops.
    pub(crate) async fn run(self) {
        let (mut failures, mut frames) = (0, Frames::Small);
        while !self.stop.is_cancelled() {
            if !self.may_consume().await {
                return;
            }
            let started = tokio::time::Instant::now();
            match self.session(frames).await {
                Ok(End::Stopped) => return,
                Ok(End::Held | End::OutsideHours) => failures = 0,
                Err(error) => {
                    frames = error.next_frames(frames);
                    self.health.lane(self.lane, LaneState::Down);
                    failures = if started.elapsed() > Duration::from_secs(60) { 0 } else { failures + 1 };
                    let delay = RECONNECT.delay(failures);
                    tracing::warn!(lane = self.lane.as_str(), %error, "not consuming, connecting again");
                    metrics::counter!("onboarding_amqp_reconnects_total", "lane" => self.lane.as_str())
                        .increment(1);
                    tokio::select! {
                        () = tokio::time::sleep(delay) => {}
                        () = self.stop.cancelled() => return,
                    }
                }
            }
        }
    }

    /// Waits while the lane is paused or outside its hours, the breaker open or the database away. False: the worker
    /// stops.
    async fn may_consume(&self) -> bool {
        let mut watch = self.throttle.watch(self.lane);
        let ready = async {
            self.opening().await;
            self.health.database_ready().await;
            watch
                .clear(|obstacle| match obstacle {
                    Obstacle::Unread => {}
                    Obstacle::Paused(until) => self.health.lane(self.lane, LaneState::Paused(until)),
                    Obstacle::Breaker => self.health.lane(self.lane, LaneState::Held),
                })
                .await;
        };
        tokio::select! {
            () = ready => true,
            () = self.stop.cancelled() => false,
        }
    }
}
