//! Sends stored messages that are due: lane by lane, no more at a time than calls can be made.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
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
/// Messages in hand for each call that may be in flight, so that a call never waits for the database.
const PER_CALL: usize = 2;

/// The dispatcher of one worker; any number may run.
pub(crate) struct Dispatcher {
    pool: PgPool,
    pipeline: Arc<Pipeline>,
    /// For so long a message that was taken is out of reach of other workers. Two that take the same one both ask for its
    /// claim, and one gets it.
    hold: Duration,
    /// Room for messages in hand.
    room: Arc<Semaphore>,
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
        Self { pool, pipeline, hold, room: Arc::new(Semaphore::new(calls * PER_CALL)), handlers }
    }

    /// Leases due messages of one lane and starts to send them. True: more may be due.
    async fn dispatch(&self, lane: Lane) -> Result<bool, sqlx::Error> {
        let free = self.room.available_permits();
        if free == 0 || self.pipeline.throttle.pauses.check(lane).is_err() {
            return Ok(false);
        }
        let due =
            messages::take_due(&self.pool, lane.as_str(), i64::try_from(free).unwrap_or(i64::MAX), self.hold)
                .await?;
        let more = due.len() == free;
        for message in due {
            // Only this task takes room, so there is some for each message.
            let room = self.room.clone().try_acquire_owned().ok();
            self.start(message, lane, room);
        }
        Ok(more)
    }

    fn start(&self, due: Due, lane: Lane, room: Option<OwnedSemaphorePermit>) {
        let pipeline = self.pipeline.clone();
        self.handlers.spawn(async move {
            let _room = room;
            match AssertUnwindSafe(pipeline::deliver(&pipeline, &due, lane)).catch_unwind().await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) if error.is_stopping() => {}
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

    /// Looks at every lane without a queue, the more urgent first.
    async fn step(&mut self) -> Result<Next, Failed> {
        let mut more = false;
        for lane in Lane::ALL.into_iter().filter(|lane| lane.queue().is_none()) {
            more |= self.dispatch(lane).await?;
        }
        // With all room taken, the next look would find none.
        Ok(if more && self.room.available_permits() > 0 { Next::AtOnce } else { Next::AfterInterval })
    }
}
