//! The queue of events about people. Neither pauses nor the breaker nor the rate hold it: a stop takes effect while
//! everything else waits.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use lapin::{
    Acker,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::{
    amqp::{ConnectError, Frames, Topology, TopologyError, connect},
    config::Broker,
    db::sqlstate,
    lane::QueueLane,
};
use tokio_util::sync::CancellationToken;

use super::{backlog::Backlog, delivery::inbound};
use crate::{
    health::Health,
    pipeline::{Inbound, People},
};

const RECONNECT: Duration = Duration::from_secs(1);
/// Deliveries that the broker sends ahead, so that a stop among them is seen. They are handled one after the other: that
/// needs no further connection to the database.
const PREFETCH: u16 = 5_000;

/// Why the queue is not consumed at the moment.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error("RabbitMQ: {0}")]
    Amqp(#[from] lapin::Error),
    #[error("the broker ended the subscription")]
    Ended,
    #[error("an event about a person was not stored, it comes again: {}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
}

/// The consumer of one worker; any number may run.
pub(crate) struct PeopleQueue {
    pub(crate) people: People,
    pub(crate) broker: Broker,
    pub(crate) topology: Topology,
    pub(crate) health: Arc<Health>,
}

impl PeopleQueue {
    /// Consumes until the worker stops. What is in hand then is delivered again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut frames = Frames::Small;
        // Users of whom an event was not stored at its last try.
        let mut failing = HashSet::new();
        while !stop.is_cancelled() {
            tokio::select! {
                result = self.consume(frames, &mut failing) => {
                    if let Err(error) = result {
                        if let Broken::Amqp(error) = &error {
                            frames = frames.after(error);
                        }
                        tracing::warn!(%error, "people queue: not consuming, connecting again");
                    }
                }
                () = stop.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(RECONNECT) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn consume(&self, frames: Frames, failing: &mut HashSet<String>) -> Result<(), Broken> {
        self.health.database_ready().await;
        let connection = connect(&self.broker, "aamcare worker, people", frames).await?;
        let channel = connection.create_channel().await?;
        if let Err(error) = self.topology.declare(&channel).await {
            if error.is_clash() {
                self.health.fatal(error.to_string());
            }
            return Err(error.into());
        }
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let queue = self.topology.people_queue();
        let (options, nothing) = (BasicConsumeOptions::default(), FieldTable::default());
        let mut deliveries =
            channel.basic_consume(queue.as_str().into(), "".into(), options, nothing).await?;
        tracing::info!(queue, "consuming");
        let mut backlog = Backlog::new();
        loop {
            while let Some(delivery) = deliveries.next().now_or_never() {
                hold(&mut backlog, delivery.ok_or(Broken::Ended)??);
            }
            let Some((user, (event, acker))) = backlog.take(failing) else {
                hold(&mut backlog, deliveries.next().await.ok_or(Broken::Ended)??);
                continue;
            };
            let outcome = match self.people.handle(&event).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    failing.extend(user);
                    return Err(error.into());
                }
            };
            if let Some(user) = user {
                failing.remove(&user);
            }
            metrics::counter!("onboarding_people_events_total", "result" => outcome.as_str()).increment(1);
            acker.ack(BasicAckOptions::default()).await?;
        }
    }
}

fn hold(backlog: &mut Backlog<(Inbound, Acker)>, mut delivery: Delivery) {
    // The lane is not looked at: no message is sent.
    let event = inbound(&mut delivery, QueueLane::Live);
    let (user, is_urgent) = People::gist(&event);
    backlog.push(user, is_urgent, (event, delivery.acker));
}
