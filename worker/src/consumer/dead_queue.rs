//! Drains what the broker itself gave up on into the table of dead letters, so that there is one place to look.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use lapin::{
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::{
    amqp::{Frames, Topology, connect},
    config::Broker,
    lane::QueueLane,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::delivery::inbound;
use crate::{
    health::Health,
    store::dead_letters::{self, DeadLetter, UNREADABLE_PROPERTIES},
};

const RECONNECT: Duration = Duration::from_secs(2);

/// The drain of one worker.
pub(crate) struct DeadQueue {
    pub(crate) pool: PgPool,
    pub(crate) broker: Broker,
    pub(crate) topology: Topology,
    pub(crate) health: Arc<Health>,
}

impl DeadQueue {
    /// Drains until the worker stops.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut frames = Frames::Small;
        while !stop.is_cancelled() {
            tokio::select! {
                result = self.drain(frames) => {
                    if let Err(error) = result {
                        frames = error.downcast_ref().map_or(frames, |error| frames.after(error));
                        tracing::warn!(%error, "dead queue: not draining, connecting again");
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

    async fn drain(&self, frames: Frames) -> anyhow::Result<()> {
        let Self { pool, broker, topology, health } = self;
        health.database_ready().await;
        let connection = connect(broker, "aamcare worker, dead letters", frames).await?;
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.basic_qos(20, BasicQosOptions::default()).await?;
        let queue = topology.dead_queue();
        let mut deliveries = channel
            .basic_consume(
                queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        while let Some(delivery) = deliveries.next().await {
            let mut delivery = delivery?;
            let letter = inbound(&mut delivery, QueueLane::Live);
            let why =
                letter.headers.get("x-first-death-reason").and_then(|v| v.as_str()).unwrap_or("unknown");
            let from = letter.headers.get("x-first-death-queue").and_then(|v| v.as_str()).unwrap_or_default();
            let lane = QueueLane::ALL.into_iter().find(|l| topology.queue(*l) == from);
            let (reason, detail) = match letter.screened.unreadable {
                None => ("broker", format!("dead-lettered by the broker: {why}")),
                Some(fault) => {
                    (UNREADABLE_PROPERTIES, format!("{fault}; dead-lettered by the broker: {why}"))
                }
            };
            dead_letters::bury(
                pool,
                &DeadLetter {
                    reason,
                    detail: &detail,
                    lane,
                    routing_key: &letter.routing_key,
                    message_id: letter.message_id.as_deref(),
                    published_at: letter.published_at,
                    headers: &letter.headers,
                    body: &letter.body,
                },
            )
            .await?;
            metrics::counter!("onboarding_dead_letters_total", "reason" => reason).increment(1);
            delivery.acker.ack(BasicAckOptions::default()).await?;
        }
        anyhow::bail!("the broker ended the subscription")
    }
}
