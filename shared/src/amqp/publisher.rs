//! A publisher that outlives its connections. Its task owns connection and channel; callers hold a handle.

use std::time::Duration;

use lapin::{Channel, Connection, options::ConfirmSelectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    ConnectError, Frames, Outgoing, Topology, TopologyError, connect,
    unconfirmed::{self, Request, Unconfirmed},
};
use crate::{config::Broker, domain::RetryPolicy};

/// Events published together.
const BATCH: usize = 256;
const RECONNECT: RetryPolicy = RetryPolicy { base: Duration::from_millis(200), max: Duration::from_secs(5) };

/// Why an event must count as not stored. Each variant names its event.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The broker returned it: no queue is bound for its routing key.
    #[error("event {id} was returned: no queue is bound for its routing key")]
    Returned {
        /// The event.
        id: String,
    },
    /// The broker refused it, for example because a queue is full.
    #[error("event {id} was refused by the broker")]
    Refused {
        /// The event.
        id: String,
    },
    /// The broker did not confirm it in time. It may have been stored.
    #[error("event {id} was not confirmed within {} s", unconfirmed::CONFIRM_TIMEOUT.as_secs())]
    Timeout {
        /// The event.
        id: String,
    },
    /// The channel broke before the confirm. It may have been stored.
    #[error("event {id} was not confirmed: {source}")]
    Lost {
        /// The event.
        id: String,
        /// The error of the channel.
        source: lapin::Error,
    },
    /// The connection was missing, so it was not sent.
    #[error("event {id} was not published: no connection to RabbitMQ")]
    Unavailable {
        /// The event.
        id: String,
    },
}

impl PublishError {
    /// The error that broke the channel.
    fn broken(&self) -> Option<&lapin::Error> {
        match self {
            PublishError::Lost { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The name in metric labels and reports.
    pub fn result(&self) -> &'static str {
        match self {
            PublishError::Returned { .. } => "returned",
            PublishError::Refused { .. } => "nacked",
            PublishError::Timeout { .. } => "timeout",
            PublishError::Lost { .. } | PublishError::Unavailable { .. } => "unavailable",
        }
    }
}

/// A handle to the publishing task. Clones share the task, which ends when the last handle is dropped.
#[derive(Clone)]
pub struct Publisher {
    requests: mpsc::Sender<Request>,
}

impl Publisher {
    /// Connects and declares the topology before it returns, so that a wrong URL or a clash is reported at once.
    pub async fn connect(broker: Broker, name: &str) -> Result<Self, StartError> {
        let topology = Topology::new(broker.namespace.clone());
        let link = Link::open(&broker, &topology, name, Frames::Large).await?;
        Ok(Self::spawn(broker, topology, name.to_owned(), Some(link)).0)
    }

    /// Starts without a connection and keeps trying. Publishing waits up to 5 s for a connection.
    pub fn start(broker: Broker, name: &str, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let topology = Topology::new(broker.namespace.clone());
        let (publisher, task) = Self::spawn(broker, topology, name.to_owned(), None);
        let watch = tokio::spawn(async move {
            let mut task = task;
            tokio::select! {
                _ = &mut task => {}
                () = stop.cancelled() => task.abort(),
            }
        });
        (publisher, watch)
    }

    fn spawn(broker: Broker, topology: Topology, name: String, link: Option<Link>) -> (Self, JoinHandle<()>) {
        let (requests, inbox) = mpsc::channel(4 * BATCH);
        let task = tokio::spawn(run(broker, topology, name, link, inbox));
        (Self { requests }, task)
    }

    /// Publishes and waits for the broker's confirm. `Ok` means stored on a quorum queue.
    pub async fn publish(&self, event: Outgoing) -> Result<(), PublishError> {
        let id = event.id.clone();
        let (verdict, answer) = oneshot::channel();
        if self.requests.send(Request { event, verdict }).await.is_err() {
            return Err(PublishError::Unavailable { id });
        }
        answer.await.unwrap_or(Err(PublishError::Unavailable { id }))
    }
}

/// Why a publisher could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The connection failed.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The channel could not be prepared.
    #[error("RabbitMQ refused a channel: {0}")]
    Channel(#[from] lapin::Error),
    /// The topology could not be declared.
    #[error(transparent)]
    Topology(#[from] TopologyError),
}

struct Link {
    connection: Connection,
    channel: Channel,
}

impl Link {
    async fn open(
        broker: &Broker,
        topology: &Topology,
        name: &str,
        frames: Frames,
    ) -> Result<Self, StartError> {
        let connection = connect(broker, name, frames).await?;
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { connection, channel })
    }

    fn usable(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

async fn run(
    broker: Broker,
    topology: Topology,
    name: String,
    mut link: Option<Link>,
    mut inbox: mpsc::Receiver<Request>,
) {
    let exchange = topology.exchange();
    let confirmed = metrics::counter!("onboarding_published_events_total", "result" => "confirmed");
    let confirm_seconds = metrics::histogram!("onboarding_publish_confirm_seconds");
    let (mut unconfirmed, mut batch) = (Unconfirmed::default(), Vec::new());
    // A link made at the start already uses large frames. Otherwise small frames come first and grow when needed.
    let mut frames = if link.is_some() { Frames::Large } else { Frames::Small };
    let mut open = true;
    while open || !unconfirmed.is_empty() {
        let usable = link.as_ref().is_some_and(Link::usable) && !unconfirmed.broken();
        tokio::select! {
            biased;
            settled = unconfirmed.settle() => {
                confirm_seconds.record(settled.took.as_secs_f64());
                for (waiter, verdict) in settled.verdicts {
                    match &verdict {
                        Ok(()) => confirmed.increment(1),
                        Err(error) => {
                            count(error);
                            frames = error.broken().map_or(frames, |lost| frames.after(lost));
                        }
                    }
                    // Err: the caller no longer waits.
                    let _ = waiter.send(verdict);
                }
            }
            // The channel is replaced only after the last confirm of the old one, so that confirms are never mixed up.
            taken = inbox.recv_many(&mut batch, BATCH), if open && unconfirmed.has_room(usable) => {
                open = taken > 0;
                if open && !usable {
                    unconfirmed = Unconfirmed::default();
                    link = reopen(&broker, &topology, &name, frames).await;
                }
                if open {
                    let channel = link.as_ref().map(|link| &link.channel);
                    unconfirmed.publish(channel, &exchange, std::mem::take(&mut batch)).await;
                }
            }
        }
    }
}

/// Tries to connect for as long as a caller may wait.
async fn reopen(broker: &Broker, topology: &Topology, name: &str, frames: Frames) -> Option<Link> {
    let deadline = tokio::time::Instant::now() + unconfirmed::CONFIRM_TIMEOUT;
    for n in 0.. {
        match tokio::time::timeout_at(deadline, Link::open(broker, topology, name, frames)).await {
            Ok(Ok(link)) => return Some(link),
            Ok(Err(error)) => tracing::warn!(%error, "publisher: no connection"),
            Err(_) => return None,
        }
        if tokio::time::timeout_at(deadline, tokio::time::sleep(RECONNECT.delay(n))).await.is_err() {
            return None;
        }
    }
    None
}

fn count(error: &PublishError) {
    metrics::counter!("onboarding_published_events_total", "result" => error.result()).increment(1);
}
