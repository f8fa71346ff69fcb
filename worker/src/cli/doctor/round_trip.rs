//! Publishes and consumes a message on an exclusive queue.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use lapin::{
    BasicProperties, Confirmation, Connection,
    options::{
        BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use shared::config::Broker;
use uuid::Uuid;

use super::finding::Findings;

const BODY: &[u8] = b"doctor";

pub(super) async fn check(found: &mut Findings, connection: &Connection, broker: &Broker) {
    let started = Instant::now();
    let queue = broker.namespace.name(&format!("onboarding.doctor.{}", Uuid::now_v7()));
    match there_and_back(connection, &queue).await {
        Ok(()) => {
            let text = format!("published, confirmed, got, acked in {} ms", started.elapsed().as_millis());
            found.passed("round trip", text);
        }
        Err(error) => {
            let advice = "check for alarms of disk or memory (rabbitmq-diagnostics alarms), and the user's permissions";
            found.unreachable("round trip", format!("{error:#}"), advice);
        }
    }
}

/// Uses an exclusive queue, which the broker deletes with the connection at the latest.
async fn there_and_back(connection: &Connection, queue: &str) -> anyhow::Result<()> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.context("confirms")?;
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    channel.queue_declare(queue.into(), own, FieldTable::default()).await.context("a queue of its own")?;
    let mandatory = BasicPublishOptions { mandatory: true, ..Default::default() };
    let publish = channel.basic_publish("".into(), queue.into(), mandatory, BODY, BasicProperties::default());
    let confirmation = publish.await.context("publishing")?.await.context("the confirm")?;
    ensure!(matches!(confirmation, Confirmation::Ack(None)), "the broker refused the message");
    let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await.context("getting")?;
    let got = got.context("a confirmed message is not in its queue")?;
    ensure!(got.delivery.data == BODY, "another message came back");
    ensure!(got.delivery.acker.ack(BasicAckOptions::default()).await.context("the ack")?, "the ack was void");
    channel.queue_delete(queue.into(), lapin::options::QueueDeleteOptions::default()).await?;
    Ok(())
}
