//! Batches of events on their way: while the oldest waits for its confirms, the next ones are published.

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

/// A batch whose confirms take longer has failed. A blocked connection (memory alarm) shows only this way.
pub(super) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// Batches on their way at once: the broker is never idle, and a little memory is held.
const AT_ONCE: usize = 4;

/// An event and who waits for its verdict.
pub(super) struct Request {
    pub(super) event: Outgoing,
    pub(super) verdict: oneshot::Sender<Verdict>,
}

/// Whether an event is stored.
pub(super) type Verdict = Result<(), PublishError>;

/// What is known of one event.
enum State {
    /// No confirm came yet.
    Waiting(PublisherConfirm),
    Confirmed,
    Refused,
    /// The channel broke while waiting.
    Lost(lapin::Error),
    /// The channel broke before it was sent.
    Unsent,
    /// It took too long to hand it over.
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

/// The verdicts on the oldest batch.
pub(super) struct Settled {
    pub(super) verdicts: Vec<(oneshot::Sender<Verdict>, Verdict)>,
    pub(super) took: Duration,
}

/// Everything that is on its way on one channel.
#[derive(Default)]
pub(super) struct Unconfirmed {
    batches: VecDeque<Batch>,
    /// Ids of what came back. lapin may attach a returned message to another confirm: its own id tells.
    returned: HashSet<String>,
    /// Something went wrong on the channel: it is of no further use.
    spoilt: bool,
}

impl Unconfirmed {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether another batch may be published: on a channel that is of no use, once nothing is on its way there.
    pub(super) fn has_room(&self, usable: bool) -> bool {
        self.batches.len() < if usable { AT_ONCE } else { 1 }
    }

    /// Whether the channel must be replaced.
    pub(super) fn spoilt(&self) -> bool {
        self.spoilt
    }

    /// Publishes a batch; without a channel its events are unsent.
    pub(super) async fn publish(&mut self, channel: Option<&Channel>, exchange: &str, batch: Vec<Request>) {
        let began = Instant::now();
        // All at once: handed over one by one, each would wake the thread that writes.
        let states = join_all(batch.iter().map(|request| send(channel, exchange, &request.event))).await;
        self.spoilt |= states.iter().any(|state| !matches!(state, State::Waiting(_)));
        let sent = batch.into_iter().zip(states);
        let events =
            sent.map(|(Request { event, verdict }, state)| Sent { id: event.id, verdict, state }).collect();
        self.batches.push_back(Batch { events, began, deadline: Instant::now() + CONFIRM_TIMEOUT });
    }

    /// Waits for the oldest batch; for ever, when there is none. May be given up and called again.
    pub(super) async fn settle(&mut self) -> Settled {
        let Some(oldest) = self.batches.front_mut() else { return std::future::pending().await };
        // Err: what is still waiting then has taken too long.
        let _ = timeout_at(oldest.deadline, oldest.confirmed(&mut self.returned)).await;
        // What came back before these were confirmed may be attached to a later one that is confirmed, too.
        for later in self.batches.iter_mut().skip(1) {
            later.look(&mut self.returned);
        }
        let Some(Batch { events, began, .. }) = self.batches.pop_front() else {
            return std::future::pending().await;
        };
        self.spoilt |= events.iter().any(|e| !matches!(e.state, State::Confirmed | State::Refused));
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

    /// Takes in what has come already.
    fn look(&mut self, returned: &mut HashSet<String>) {
        for Sent { state, .. } in &mut self.events {
            if let State::Waiting(confirm) = state
                && let Some(come) = confirm.now_or_never()
            {
                *state = outcome(come, returned);
            }
        }
    }
}

fn outcome(come: Result<Confirmation, lapin::Error>, returned: &mut HashSet<String>) -> State {
    let (state, message) = match come {
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
