//! A publisher that outlives its connections. Its task owns connection and channel; callers hold a handle.

use std::time::Duration;

use lapin::{Channel, Connection, options::ConfirmSelectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{ConnectError, Outgoing, Topology, TopologyError, connect, window};
use crate::{config::Broker, retry::RetryPolicy};

/// Events confirmed together.
const WINDOW: usize = 256;
const RECONNECT: RetryPolicy = RetryPolicy { base: Duration::from_millis(200), max: Duration::from_secs(5) };

/// Why an event must count as not stored. Each names its event.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound for it.
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
    /// No confirm in time; it may have been stored.
    #[error("event {id} was not confirmed within {} s", window::CONFIRM_TIMEOUT.as_secs())]
    Timeout {
        /// The event.
        id: String,
    },
    /// The channel broke while waiting; it may have been stored.
    #[error("event {id} was not confirmed: {source}")]
    Lost {
        /// The event.
        id: String,
        /// What broke.
        source: lapin::Error,
    },
    /// There was no connection; it was not stored.
    #[error("event {id} was not published: no connection to RabbitMQ")]
    Unavailable {
        /// The event.
        id: String,
    },
}

impl PublishError {
    /// The word for metric labels and reports.
    pub fn result(&self) -> &'static str {
        match self {
            PublishError::Returned { .. } => "returned",
            PublishError::Refused { .. } => "nacked",
            PublishError::Timeout { .. } => "timeout",
            PublishError::Lost { .. } | PublishError::Unavailable { .. } => "unavailable",
        }
    }
}

struct Request {
    event: Outgoing,
    verdict: oneshot::Sender<Result<(), PublishError>>,
}

/// A handle to the publishing task; clones share it. The task ends when the last handle is gone.
#[derive(Clone)]
pub struct Publisher {
    requests: mpsc::Sender<Request>,
}

impl Publisher {
    /// Connects and declares the topology once, so that a wrong URL or a clash shows at once.
    pub async fn connect(broker: Broker, name: &str) -> Result<Self, StartError> {
        let topology = Topology::new(broker.namespace.clone());
        let link = Link::open(&broker, &topology, name).await?;
        Ok(Self::spawn(broker, topology, name.to_owned(), Some(link)).0)
    }

    /// Starts without a connection and keeps trying; publishing waits up to 5 s for one.
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
        let (requests, inbox) = mpsc::channel(4 * WINDOW);
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
    /// No connection.
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
    async fn open(broker: &Broker, topology: &Topology, name: &str) -> Result<Self, StartError> {
        let connection = connect(broker, name).await?;
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
    let mut window = Vec::with_capacity(WINDOW);
    while inbox.recv_many(&mut window, WINDOW).await > 0 {
        let (events, waiting): (Vec<_>, Vec<_>) = window.drain(..).map(|r| (r.event, r.verdict)).unzip();
        if !link.as_ref().is_some_and(Link::usable) {
            link = reopen(&broker, &topology, &name).await;
        }
        let started = tokio::time::Instant::now();
        let (verdicts, broken) = match &link {
            Some(open) => window::publish(&open.channel, &exchange, &events).await,
            None => (unavailable(&events), None),
        };
        metrics::histogram!("onboarding_publish_confirm_seconds").record(started.elapsed().as_secs_f64());
        let timed_out = verdicts.iter().any(|v| matches!(v, Err(PublishError::Timeout { .. })));
        for (verdict, waiter) in verdicts.into_iter().zip(waiting) {
            count(&verdict);
            // Err: the caller has gone; nobody is left to tell.
            let _ = waiter.send(verdict);
        }
        // A confirm of this window must not be taken for one of the next.
        if broken.is_some() || timed_out {
            link = None;
        }
    }
}

/// Tries for as long as a caller may be kept waiting.
async fn reopen(broker: &Broker, topology: &Topology, name: &str) -> Option<Link> {
    let deadline = tokio::time::Instant::now() + window::CONFIRM_TIMEOUT;
    for n in 0.. {
        match tokio::time::timeout_at(deadline, Link::open(broker, topology, name)).await {
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

fn unavailable(events: &[Outgoing]) -> Vec<Result<(), PublishError>> {
    events.iter().map(|e| Err(PublishError::Unavailable { id: e.id.clone() })).collect()
}

fn count(verdict: &Result<(), PublishError>) {
    let result = verdict.as_ref().map_or_else(PublishError::result, |()| "confirmed");
    metrics::counter!("onboarding_published_events_total", "result" => result).increment(1);
}
