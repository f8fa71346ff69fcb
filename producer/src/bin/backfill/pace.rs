//! Holds a run back: users per second, and what waits in the queue already.

use std::time::Duration;

use shared::{amqp::QueueDepth, config::Broker, lane::Lane};
use tokio::time::Instant;

use crate::{args::PaceArgs, store::selection::PAGE};

/// How often the queue is looked at while it is too full.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What a run is held back by.
pub(crate) struct Pace {
    rate: Option<u32>,
    /// The next page may be published then.
    next: Instant,
    max_depth: u32,
    depth: QueueDepth,
}

impl Pace {
    pub(crate) fn new(args: PaceArgs, broker: Broker) -> Self {
        Self {
            rate: args.rate.map(u32::from),
            next: Instant::now(),
            max_depth: args.max_depth,
            depth: QueueDepth::of(broker, Lane::Backfill),
        }
    }

    /// How many users are published together: at a low rate, those of one second.
    pub(crate) fn page(&self) -> u32 {
        self.rate.map_or(PAGE, |rate| rate.min(PAGE))
    }

    /// When the rate allows the next page.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Counts `users` published now.
    pub(crate) fn published(&mut self, users: usize) {
        let Some(rate) = self.rate else { return };
        let cost = Duration::from_secs(1).mul_f64(crate::report::float(users as u64) / f64::from(rate));
        // Time that was not used is lost: a broker that was away does not make a burst.
        self.next = self.next.max(Instant::now()) + cost;
    }

    /// The events ready in the queue, if they are too many. Where that cannot be found out, publishing itself
    /// will say what is wrong.
    pub(crate) async fn too_many(&mut self) -> Option<u32> {
        if self.max_depth == 0 {
            return None;
        }
        self.depth.ready().await.filter(|ready| *ready > self.max_depth)
    }
}
