//! Sends stored messages that are due: lane by lane, no more at a time than calls can be made.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::select_all};
use shared::lane::Lane;
use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::driver::{Failed, Next, Task};
use crate::{
    pipeline::{self, Pipeline},
    store::messages::{self, Due},
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Why a message waits whose worker stopped before its call.
const GIVEN_BACK: &str = "given_back";
/// Messages in hand for each call that may be in flight, so that a call never waits for the database.
const PER_CALL: usize = 2;

/// The dispatcher of one worker; any number may run.
pub(crate) struct Dispatcher {
    pool: PgPool,
    pipeline: Arc<Pipeline>,
    /// For so long a message that was taken is out of reach of other workers. Two that take the same one both ask for its
    /// claim, and one gets it.
    hold: Duration,
    /// The lanes without a queue, the more urgent first, each with room for messages in hand: one lane never waits for the
    /// other's room.
    lanes: Vec<(Lane, Arc<Semaphore>)>,
    room: usize,
    /// Lanes of which more is due than there was room for.
    waiting: Vec<Arc<Semaphore>>,
    /// Handlers that have begun are finished at shutdown.
    handlers: TaskTracker,
}

impl Dispatcher {
    /// Messages go through `pipeline`, `calls` of them at a time; those of a worker that dies are taken again after `hold`.
    pub(crate) fn new(
        pool: PgPool,
        pipeline: Arc<Pipeline>,
        calls: usize,
        hold: Duration,
        handlers: TaskTracker,
    ) -> Self {
        let room = calls * PER_CALL;
        let lanes = Lane::ALL.into_iter().filter(|lane| lane.queue().is_none());
        let lanes = lanes.map(|lane| (lane, Arc::new(Semaphore::new(room)))).collect();
        Self { pool, pipeline, hold, lanes, room, waiting: Vec::new(), handlers }
    }

    /// Takes due messages of one lane and starts to send them. True: more may be due.
    async fn dispatch(&self, lane: Lane, room: &Arc<Semaphore>) -> Result<bool, sqlx::Error> {
        let throttle = &self.pipeline.throttle;
        // What is due stays due; taken and held back, each message would be written for nothing.
        if !throttle.pauses.is_granted(lane) || !throttle.breaker.is_read() || throttle.breaker.is_open(lane)
        {
            return Ok(false);
        }
        let free = room.available_permits();
        if free == 0 {
            return Ok(true);
        }
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let due = messages::take_due(&self.pool, lane.as_str(), limit, self.hold).await?;
        let more = due.len() == free;
        for message in due.into_iter().filter(|message| !message.stale) {
            // Only this task takes room, so there is some for each message.
            let place = room.clone().try_acquire_owned().ok();
            self.start(message, lane, place);
        }
        Ok(more)
    }

    fn start(&self, due: Due, lane: Lane, place: Option<OwnedSemaphorePermit>) {
        let pipeline = self.pipeline.clone();
        self.handlers.spawn(async move {
            let _place = place;
            match AssertUnwindSafe(pipeline::deliver(&pipeline, &due, lane)).catch_unwind().await {
                Ok(Ok(_)) => {}
                // Not called: another worker takes it at once.
                Ok(Err(error)) if error.is_stopping() => {
                    let _ = messages::postpone(&pipeline.pool, due.message_id, GIVEN_BACK, Duration::ZERO).await;
                }
                Ok(Err(error)) => {
                    tracing::warn!(message = %due.message_id, %error, "message not handled, it is due again later");
                }
                Err(_) => tracing::error!(message = %due.message_id, "the handler of a message panicked"),
            }
        });
    }
}

impl Task for Dispatcher {
    const NAME: &'static str = "dispatcher";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    /// Looks at every lane without a queue.
    async fn step(&mut self) -> Result<Next, Failed> {
        let mut waiting = Vec::new();
        for (lane, room) in &self.lanes {
            if self.dispatch(*lane, room).await? {
                waiting.push(room.clone());
            }
        }
        self.waiting = waiting;
        Ok(Next::AfterInterval)
    }

    /// As soon as half the room of a lane is free of which more is due.
    async fn woken(&mut self) {
        let half = u32::try_from(self.room.div_ceil(2)).unwrap_or(u32::MAX);
        if self.waiting.is_empty() {
            return std::future::pending().await;
        }
        let freed = self.waiting.iter().map(|room| Box::pin(room.acquire_many(half)));
        drop(select_all(freed).await);
    }
}
