//! One consumer on one channel of one connection, until something ends it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, StreamExt, future::try_join_all};
use lapin::{
    Acker, Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueDeclareOptions},
    types::FieldTable,
};
use shared::amqp::{ConnectError, Frames, TopologyError, connect};
use tokio::{sync::mpsc, time::Instant};

use super::{Consumer, End, acks::Acks, delivery};
use crate::{
    failpoint,
    health::LaneState,
    observe::traces::{self, Scope},
    pipeline::{self, Inbound, Interrupted, Meters, Outcome},
    throttle::Obstacle,
};

const DEPTH_INTERVAL: Duration = Duration::from_secs(5);
/// This many finished deliveries are acked without waiting for more. An ack wakes two threads here, and the broker.
const ACK_MANY: usize = 64;
/// And no finished delivery waits longer for others.
const ACK_WITHIN: Duration = Duration::from_millis(5);

/// Why a session broke.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error("RabbitMQ: {0}")]
    Amqp(#[from] lapin::Error),
    #[error("the broker ended the subscription")]
    Ended,
    #[error("the database cannot be reached; deliveries were given back")]
    Database,
}

impl Broken {
    /// The frames of the next session.
    pub(super) fn next_frames(&self, frames: Frames) -> Frames {
        match self {
            Broken::Amqp(error) => frames.after(error),
            _ => frames,
        }
    }
}

/// How a handler ended.
enum Done {
    /// Everything is committed.
    Settled(u64),
    /// Nothing is; the delivery goes back.
    GiveBack(u64),
    /// The handler panicked, or the stored data kept changing; the delivery alone goes back.
    Returned(u64),
    /// The worker stops; closing the channel gives the delivery back.
    Left,
}

struct Session<'a> {
    consumer: &'a Consumer,
    channel: Channel,
    acks: Acks<Acker>,
    /// When finished deliveries are acked at the latest.
    ack_by: Option<Instant>,
    running: usize,
    done: mpsc::UnboundedSender<Done>,
    prefetch: u16,
}

impl Consumer {
    /// Connects, subscribes and handles deliveries until the session ends.
    pub(super) async fn session(&self, frames: Frames) -> Result<End, Broken> {
        let name = format!("aamcare worker, {} lane", self.lane.as_str());
        let connection = connect(&self.broker, &name, frames).await?;
        let channel = connection.create_channel().await?;
        if let Err(error) = self.topology.declare(&channel).await {
            if error.is_clash() {
                self.health.fatal(error.to_string());
            }
            return Err(error.into());
        }
        let prefetch = self.prefetch;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (done, finished) = mpsc::unbounded_channel();
        let session =
            Session { consumer: self, channel, acks: Acks::new(), ack_by: None, running: 0, done, prefetch };
        let end = session.run(finished).await;
        match end {
            // The lane has reported the obstacle itself.
            Ok(End::Held) => {}
            Ok(End::OutsideHours) => self.health.lane(self.lane, self.outside_hours()),
            _ => self.health.lane(self.lane, LaneState::Down),
        }
        if end.is_ok() {
            // The broker may be gone already. It delivers unacked messages again either way.
            let _ = connection.close(200, "done".into()).await;
        }
        end
    }
}

impl Session<'_> {
    async fn run(mut self, mut finished: mpsc::UnboundedReceiver<Done>) -> Result<End, Broken> {
        let queue = self.consumer.topology.queue(self.consumer.lane);
        let options = BasicConsumeOptions::default();
        let mut deliveries = self
            .channel
            .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
            .await?;
        self.consumer.health.lane(self.consumer.lane, LaneState::Consuming);
        tracing::info!(queue, prefetch = self.prefetch, "consuming");
        let mut watch = self.consumer.throttle.watch(self.consumer.lane);
        let mut depth = tokio::time::interval(DEPTH_INTERVAL);
        let tag = deliveries.tag();
        let end = loop {
            tokio::select! {
                biased;
                () = self.consumer.stop.cancelled() => break End::Stopped,
                obstacle = watch.obstructed() => {
                    self.hold_back(obstacle);
                    break End::Held;
                }
                () = self.consumer.closing() => break End::OutsideHours,
                Some(done) = finished.recv() => self.settle(done, &mut finished).await?,
                () = until(self.ack_by) => self.ack().await?,
                delivery = deliveries.next() => self.take(delivery.ok_or(Broken::Ended)??),
                _ = depth.tick() => self.measure_depth(&queue).await?,
            }
        };
        self.channel.basic_cancel(tag, lapin::options::BasicCancelOptions::default()).await?;
        if matches!(end, End::Held) {
            // What the broker had sent already is stored as waiting.
            while let Some(delivery) = deliveries.next().await {
                self.take(delivery?);
            }
        }
        while self.running > 0
            && let Some(done) = finished.recv().await
        {
            self.settle(done, &mut finished).await?;
        }
        self.channel.close(200, "done".into()).await?;
        Ok(end)
    }

    fn hold_back(&self, obstacle: Obstacle) {
        let state = match obstacle {
            Obstacle::Paused(_) => LaneState::Pausing,
            Obstacle::Unread | Obstacle::Breaker => LaneState::Held,
        };
        tracing::info!(lane = self.consumer.lane.as_str(), ?obstacle, "held back, nothing new is taken up");
        self.consumer.health.lane(self.consumer.lane, state);
    }

    fn take(&mut self, mut delivery: Delivery) {
        let tag = delivery.delivery_tag;
        let mut inbound = delivery::inbound(&mut delivery, self.consumer.lane);
        let mut scope = self.consumer.traces.process(traced(&inbound), &self.consumer.topology);
        if let Some(own) = scope.traceparent(None) {
            inbound.traceparent = Some(own);
        }
        self.acks.arrived(tag, delivery.acker);
        self.running += 1;
        self.consumer.pipeline.meters.in_flight(1.0);
        let (pipeline, done) = (self.consumer.pipeline.clone(), self.done.clone());
        let (unfinished, lane) = (self.consumer.unfinished.clone(), self.consumer.lane);
        self.consumer.handlers.spawn(async move {
            let started = Instant::now();
            let handling = async {
                let event = pipeline::decode(&inbound);
                let _in_hand = unfinished.take(lane, delivery::published(&inbound, &event));
                pipeline::handle(&pipeline, &inbound, event).await
            };
            let result = AssertUnwindSafe(handling).catch_unwind().await;
            pipeline.meters.in_flight(-1.0);
            note(&mut scope, &result);
            // Err: the session has ended. The delivery comes back and finds the committed outcome.
            let _ = done.send(conclude(&pipeline.meters, tag, &inbound, started.elapsed(), result));
        });
    }

    /// Books the handler's end and all others that are waiting, then acks them, or has them wait for more.
    async fn settle(
        &mut self,
        first: Done,
        finished: &mut mpsc::UnboundedReceiver<Done>,
    ) -> Result<(), Broken> {
        let mut next = Some(first);
        let mut database_away = false;
        while let Some(done) = next {
            self.running -= 1;
            match done {
                Done::Settled(tag) => self.acks.finished(tag),
                Done::Returned(tag) => self.give_back(tag).await?,
                Done::GiveBack(tag) => {
                    self.give_back(tag).await?;
                    database_away = true;
                }
                Done::Left => {}
            }
            next = finished.try_recv().ok();
        }
        if self.acks.unacked() >= ACK_MANY || self.running == 0 || database_away {
            self.ack().await?;
        } else {
            self.ack_by.get_or_insert_with(|| Instant::now() + ACK_WITHIN);
        }
        if database_away { Err(Broken::Database) } else { Ok(()) }
    }

    /// Acks what may be acked.
    async fn ack(&mut self) -> Result<(), Broken> {
        failpoint::hit("before_ack");
        self.ack_by = None;
        let stragglers = self.acks.stragglers(usize::from(self.prefetch));
        try_join_all(stragglers.iter().map(|acker| acker.ack(BasicAckOptions::default()))).await?;
        if let Some(acker) = self.acks.run() {
            acker.ack(BasicAckOptions { multiple: true }).await?;
        }
        Ok(())
    }

    async fn give_back(&mut self, tag: u64) -> Result<(), Broken> {
        if let Some(acker) = self.acks.withdraw(tag) {
            acker.nack(BasicNackOptions { requeue: true, multiple: false }).await?;
        }
        Ok(())
    }

    async fn measure_depth(&self, queue: &str) -> Result<(), Broken> {
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let state = self.channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
        self.consumer.health.depth(self.consumer.lane, state.message_count());
        Ok(())
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// How a handler ended; `Err`: it panicked.
type Handling = std::thread::Result<Result<Outcome, Interrupted>>;

/// What the span of a delivery shows of it.
fn traced(inbound: &Inbound) -> traces::Delivery<'_> {
    traces::Delivery {
        lane: inbound.lane,
        routing_key: &inbound.routing_key,
        message_id: inbound.shown_id(),
        body_bytes: inbound.body.len(),
        redelivered: inbound.arrival.redelivered,
        traceparent: inbound.traceparent.as_deref(),
    }
}

/// Notes in the span how the handling ended.
fn note(scope: &mut Scope, result: &Handling) {
    match result {
        Ok(Ok(outcome)) => scope.note("onboarding.outcome", outcome.as_str()),
        Ok(Err(interrupted)) if interrupted.is_stopping() => scope.note("onboarding.outcome", "given_back"),
        Ok(Err(interrupted)) if interrupted.is_database() => scope.failed("database"),
        Ok(Err(_)) => scope.failed("interrupted"),
        Err(_) => scope.failed("panic"),
    }
}

fn conclude(meters: &Meters, tag: u64, inbound: &Inbound, took: Duration, result: Handling) -> Done {
    match result {
        Ok(Ok(outcome)) => {
            meters.processed(outcome, took);
            tracing::debug!(event_id = inbound.shown_id().as_deref(), ?outcome, "handled");
            Done::Settled(tag)
        }
        Ok(Err(error)) if error.is_stopping() => Done::Left,
        Ok(Err(error)) if error.is_of_one_delivery() => {
            tracing::warn!(event_id = inbound.shown_id().as_deref(), %error, "not handled, the broker delivers it again");
            Done::Returned(tag)
        }
        Ok(Err(error)) => {
            tracing::warn!(event_id = inbound.shown_id().as_deref(), %error, "not handled, giving it back");
            Done::GiveBack(tag)
        }
        Err(_) => {
            tracing::error!(
                event_id = inbound.shown_id().as_deref(),
                "handler panicked, giving the delivery back"
            );
            metrics::counter!("onboarding_handler_panics_total").increment(1);
            Done::Returned(tag)
        }
    }
}
