//! Published batches that wait for confirms. While the oldest batch waits, the next ones are published.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use futures::{FutureExt as _, future::join_all};
use lapin::{Channel, Confirmation, PublisherConfirm, options::BasicPublishOptions};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use super::{Outgoing, PublishError};

/// A batch fails if its confirms take longer. This is the only sign of a blocked connection (memory alarm).
pub(super) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// Batches that may wait at once: enough to keep the broker busy with little memory.
const MAX_BATCHES: usize = 4;

/// An event, and where its result is sent.
pub(super) struct Request {
    pub(super) event: Outgoing,
    pub(super) verdict: oneshot::Sender<Verdict>,
}

/// Whether an event is stored.
pub(super) type Verdict = Result<(), PublishError>;

/// The state of one event.
enum State {
    /// Waits for its confirm.
    Waiting(PublisherConfirm),
    Confirmed,
    Refused,
    /// The channel broke before the confirm.
    Lost(lapin::Error),
    /// It was not sent: the channel is missing or broke.
    Unsent,
    /// lapin did not accept it in time.
    Stuck,
}

struct Sent {
    id: String,
    verdict: oneshot::Sender<Verdict>,
    state: State,
}

/// Events that were published together.
struct Batch {
    events: Vec<Sent>,
    began: Instant,
    deadline: Instant,
}

/// The results of the oldest batch.
pub(super) struct Settled {
    pub(super) verdicts: Vec<(oneshot::Sender<Verdict>, Verdict)>,
    pub(super) took: Duration,
}

/// All unconfirmed batches of one channel.
#[derive(Default)]
pub(super) struct Unconfirmed {
    batches: VecDeque<Batch>,
    /// Ids of returned events. lapin may attach a returned message to the confirm of another event, so the id of the
    /// returned message decides.
    returned: HashSet<String>,
    /// An error occurred on the channel, so it must be replaced.
    broken: bool,
}

impl Unconfirmed {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether another batch may be published. On an unusable channel all earlier batches must be settled first.
    pub(super) fn has_room(&self, usable: bool) -> bool {
        self.batches.len() < if usable { MAX_BATCHES } else { 1 }
    }

    /// Whether the channel must be replaced.
    pub(super) fn broken(&self) -> bool {
        self.broken
    }

    /// Publishes a batch. Without a channel its events are unsent.
    pub(super) async fn publish(&mut self, channel: Option<&Channel>, exchange: &str, batch: Vec<Request>) {
        let began = Instant::now();
        // All at once: one by one, each event would wake the thread that writes.
        let states = join_all(batch.iter().map(|request| send(channel, exchange, &request.event))).await;
        self.broken |= states.iter().any(|state| !matches!(state, State::Waiting(_)));
        let sent = batch.into_iter().zip(states);
        let events =
            sent.map(|(Request { event, verdict }, state)| Sent { id: event.id, verdict, state }).collect();
        self.batches.push_back(Batch { events, began, deadline: Instant::now() + CONFIRM_TIMEOUT });
    }

    /// Waits for the results of the oldest batch, or forever if there is none. Cancel-safe.
    pub(super) async fn settle(&mut self) -> Settled {
        let Some(oldest) = self.batches.front_mut() else { return std::future::pending().await };
        // Err: the events that still wait are timeouts.
        let _ = timeout_at(oldest.deadline, oldest.confirmed(&mut self.returned)).await;
        // A returned message of this batch may be attached to a confirm of a later batch that has already arrived.
        for later in self.batches.iter_mut().skip(1) {
            later.poll(&mut self.returned);
        }
        let Some(Batch { events, began, .. }) = self.batches.pop_front() else {
            return std::future::pending().await;
        };
        self.broken |= events.iter().any(|e| !matches!(e.state, State::Confirmed | State::Refused));
        let verdicts =
            events.into_iter().map(|Sent { id, verdict, state }| (verdict, self.result(id, state))).collect();
        Settled { verdicts, took: began.elapsed() }
    }

    fn result(&mut self, id: String, state: State) -> Verdict {
        if self.returned.remove(&id) {
            return Err(PublishError::Returned { id });
        }
        match state {
            State::Confirmed => Ok(()),
            State::Refused => Err(PublishError::Refused { id }),
            State::Lost(source) => Err(PublishError::Lost { id, source }),
            State::Unsent => Err(PublishError::Unavailable { id }),
            State::Waiting(_) | State::Stuck => Err(PublishError::Timeout { id }),
        }
    }
}

impl Batch {
    async fn confirmed(&mut self, returned: &mut HashSet<String>) {
        for Sent { state, .. } in &mut self.events {
            if let State::Waiting(confirm) = state {
                *state = outcome(confirm.await, returned);
            }
        }
    }

    /// Reads the confirms that have already arrived.
    fn poll(&mut self, returned: &mut HashSet<String>) {
        for Sent { state, .. } in &mut self.events {
            if let State::Waiting(confirm) = state
                && let Some(arrived) = confirm.now_or_never()
            {
                *state = outcome(arrived, returned);
            }
        }
    }
}

fn outcome(confirm: Result<Confirmation, lapin::Error>, returned: &mut HashSet<String>) -> State {
    let (state, message) = match confirm {
        Ok(Confirmation::Ack(message)) => (State::Confirmed, message),
        Ok(Confirmation::Nack(message)) => (State::Refused, message),
        Ok(Confirmation::NotRequested) => (State::Refused, None),
        Err(error) => (State::Lost(error), None),
    };
    let id = message.and_then(|m| m.delivery.properties.message_id().as_ref().map(ToString::to_string));
    returned.extend(id);
    state
}

async fn send(channel: Option<&Channel>, exchange: &str, event: &Outgoing) -> State {
    let Some(channel) = channel else { return State::Unsent };
    let mandatory = BasicPublishOptions { mandatory: true, ..Default::default() };
    let publish = channel.basic_publish(
        exchange.into(),
        event.routing_key().into(),
        mandatory,
        event.body(),
        event.properties(),
    );
    match timeout(CONFIRM_TIMEOUT, publish).await {
        Ok(Ok(confirm)) => State::Waiting(confirm),
        Ok(Err(_)) => State::Unsent,
        Err(_) => State::Stuck,
    }
}
