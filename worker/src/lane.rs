//! One lane: a supervised consumer that rebuilds everything after any error or silent end.

mod acks;
mod delivery;
mod session;

pub(crate) use delivery::inbound;

use std::{sync::Arc, time::Duration};

use shared::{amqp::Topology, lane::Lane, retry::RetryPolicy};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    gate::breaker::State,
    health::{Health, LaneState},
    worker::Worker,
};

const RECONNECT: RetryPolicy = RetryPolicy { base: Duration::from_millis(200), max: Duration::from_secs(5) };

/// Why a session ended.
#[derive(Debug)]
pub(super) enum End {
    /// The worker stops; everything in hand was settled or given back.
    Stopped,
    /// The breaker opened; everything in hand was stored.
    Held,
}

/// A lane of a running worker.
pub(crate) struct Consumer {
    pub(crate) worker: Arc<Worker>,
    pub(crate) lane: Lane,
    pub(crate) topology: Topology,
    pub(crate) health: Arc<Health>,
    /// Handlers; they outlive the session that started them.
    pub(crate) handlers: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Consumer {
    /// Consumes until the worker stops.
    pub(crate) async fn run(self) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            if !self.may_consume().await {
                return;
            }
            let started = tokio::time::Instant::now();
            match self.session().await {
                Ok(End::Stopped) => return,
                Ok(End::Held) => failures = 0,
                Err(error) => {
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

    /// Waits while the breaker is open or the database away. False: the worker stops.
    async fn may_consume(&self) -> bool {
        let mut state = self.worker.gate.breaker.watch();
        let ready = async {
            self.health.database_ready().await;
            state.wait_for(|s| !matches!(s, State::Open(_))).await.is_ok()
        };
        tokio::select! {
            ready = ready => ready,
            () = self.stop.cancelled() => false,
        }
    }
}
