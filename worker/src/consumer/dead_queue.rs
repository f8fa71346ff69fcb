//! Drains what the broker itself gave up on into the table of dead letters, so that there is one place to look.

use std::time::Duration;

use futures::StreamExt;
use lapin::{
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::{
    amqp::{Frames, Topology, connect},
    lane::Lane,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    consumer::inbound,
    health::Health,
    store::dead_letters::{self, DeadLetter, UNREADABLE_PROPERTIES},
};

const RECONNECT: Duration = Duration::from_secs(2);

/// Drains until the worker stops.
pub(crate) async fn run(config: &Config, pool: &PgPool, health: &Health, stop: &CancellationToken) {
    let topology = Topology::new(config.broker.namespace.clone());
    let mut frames = Frames::Small;
    while !stop.is_cancelled() {
        tokio::select! {
            result = drain(config, &topology, pool, health, frames) => {
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

async fn drain(
    config: &Config,
    topology: &Topology,
    pool: &PgPool,
    health: &Health,
    frames: Frames,
) -> anyhow::Result<()> {
    health.database_ready().await;
    let connection = connect(&config.broker, "aamcare worker, dead letters", frames).await?;
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
        let letter = inbound(&mut delivery, Lane::Live);
        let why = letter.headers.get("x-first-death-reason").and_then(|v| v.as_str()).unwrap_or("unknown");
        let from = letter.headers.get("x-first-death-queue").and_then(|v| v.as_str()).unwrap_or_default();
        let lane = Lane::ALL.into_iter().find(|l| topology.queue(*l) == from);
        let (reason, detail) = match letter.screened.unreadable {
            None => ("broker", format!("dead-lettered by the broker: {why}")),
            Some(fault) => (UNREADABLE_PROPERTIES, format!("{fault}; dead-lettered by the broker: {why}")),
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
