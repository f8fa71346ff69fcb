//! The bare pipeline: consume, the same two calls, one batched outcome, ack. No claim, no limiter, no logs, no
//! metrics, and none of the guarantees. It shows what the machine can do when a worker does only the unavoidable.

mod acks;
mod calls;
mod outcome;

use std::sync::Arc;

use futures::StreamExt as _;
use lapin::{
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::{
    amqp::{Frames, Topology, connect, install_crypto},
    config::{Broker, DatabaseUrl, Env, insecure_allowed, settings},
    db,
    lane::QueueLane,
};
use tokio::sync::{Semaphore, mpsc};

use crate::args::Bare;
use acks::Acks;
use calls::Twilio;
use outcome::Outcome;

/// Runs until `arguments.events` events are acked.
pub(crate) async fn run(arguments: &Bare) -> anyhow::Result<()> {
    install_crypto();
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let broker = Broker::read(&mut env, insecure);
    let database = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let (broker, database) = env.finish((broker, database))?;
    let pool = db::pool(&database, "bare pipeline", 2)?;
    let twilio = Arc::new(Twilio::of_process()?);
    let permits = Arc::new(Semaphore::new(arguments.concurrency));
    let connection = connect(&broker, "bare pipeline", Frames::Small).await?;
    let channel = connection.create_channel().await?;
    // As the worker has it.
    let prefetch = u16::try_from(arguments.concurrency * 2 + 64)?;
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let queue = Topology::new(broker.namespace).queue(QueueLane::Live);
    let options = BasicConsumeOptions::default();
    let mut deliveries =
        channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default()).await?;
    let (outcomes, inbox) = mpsc::channel(1024);
    let (stored, mut done) = mpsc::unbounded_channel();
    tokio::spawn(outcome::write(pool, inbox, stored));
    let mut acks = Acks::new();
    let mut left = arguments.events;
    while left > 0 {
        tokio::select! {
            biased;
            Some(tags) = done.recv() => {
                let tags: Vec<u64> = tags;
                left -= tags.len() as u64;
                if let Some(acker) = acks.finished(&tags) {
                    acker.ack(BasicAckOptions { multiple: true }).await?;
                }
            }
            Some(delivery) = deliveries.next() => {
                let delivery = delivery?;
                acks.arrived(delivery.delivery_tag, delivery.acker.clone());
                let (twilio, permits, outcomes) = (twilio.clone(), permits.clone(), outcomes.clone());
                tokio::spawn(async move {
                    let _permit = permits.acquire().await;
                    match handle(&twilio, &delivery).await {
                        // Err: the writer has failed, and said so.
                        Ok(outcome) => { let _ = outcomes.send(outcome).await; }
                        Err(error) => eprintln!("not handled: {error:#}"),
                    }
                });
            }
        }
    }
    connection.close(200, "done".into()).await?;
    Ok(())
}

async fn handle(twilio: &Twilio, delivery: &Delivery) -> anyhow::Result<Outcome> {
    let event = shared::events::decode(&delivery.data)?;
    let shared::events::Kind::SignedUp(signup) = event.kind else { anyhow::bail!("no signup") };
    let phone = format!("+977{}", signup.phone);
    anyhow::ensure!(twilio.lookup(&phone).await?, "not a valid number");
    let sid = twilio.create(&phone).await?;
    Ok(Outcome { tag: delivery.delivery_tag, user_id: signup.user_id.to_string(), phone, sid })
}
