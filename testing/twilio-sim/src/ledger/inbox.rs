//! The messages of people to the account, in order, by SID and by address.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;

use super::lock;
use crate::inbound::Received;
use crate::sid::MessageSid;

type Queue = VecDeque<Arc<Received>>;

/// All inbound messages, or the newest `keep`.
#[derive(Debug)]
pub(super) struct Inbox {
    keep: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    received: u64,
    calls: u64,
    /// Webhooks by the status of their last answer.
    answers: BTreeMap<u16, u64>,
    order: Queue,
    by_sid: HashMap<MessageSid, Arc<Received>>,
    by_from: HashMap<String, Queue>,
    by_to: HashMap<String, Queue>,
}

/// Totals of the inbound messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct InboundCounts {
    /// Messages.
    pub(crate) received: u64,
    /// Webhooks, copies included and tries not.
    pub(crate) calls: u64,
    /// Webhooks by the status of their last answer; 0: none.
    pub(crate) answers: BTreeMap<u16, u64>,
}

/// Which inbound messages are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InboundFilter<'a> {
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    /// Only those before this position.
    pub(crate) below: Option<u64>,
    /// Only those created at this time or later, in milliseconds since the epoch.
    pub(crate) since_ms: Option<i64>,
}

impl Inbox {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, state: Mutex::default() }
    }

    /// Stores a message at the end, with the next position of `sequence`.
    pub(super) fn push(&self, mut message: Received, sequence: &AtomicU64) -> Arc<Received> {
        let mut state = lock(&self.state);
        message.sequence = sequence.fetch_add(1, Ordering::Relaxed);
        let stored = Arc::new(message);
        state.received += 1;
        state.order.push_back(Arc::clone(&stored));
        state.by_sid.insert(stored.sid, Arc::clone(&stored));
        state.by_from.entry(stored.from.clone()).or_default().push_back(Arc::clone(&stored));
        state.by_to.entry(stored.to.clone()).or_default().push_back(Arc::clone(&stored));
        if state.order.len() > self.keep {
            state.drop_oldest();
        }
        stored
    }

    pub(super) fn get(&self, sid: MessageSid) -> Option<Arc<Received>> {
        lock(&self.state).by_sid.get(&sid).cloned()
    }

    /// Whether a person with this address wrote.
    pub(super) fn has_from(&self, from: &str) -> bool {
        lock(&self.state).by_from.contains_key(from)
    }

    /// Newest first, those that `shown` admits.
    pub(super) fn newest(
        &self,
        filter: InboundFilter<'_>,
        limit: usize,
        shown: impl Fn(&Received) -> bool,
    ) -> Vec<Arc<Received>> {
        let state = lock(&self.state);
        let queue = match (filter.from, filter.to) {
            (Some(from), _) => state.by_from.get(from),
            (None, Some(to)) => state.by_to.get(to),
            (None, None) => Some(&state.order),
        };
        let Some(queue) = queue else { return Vec::new() };
        let end = filter
            .below
            .map_or(queue.len(), |below| queue.partition_point(|message| message.sequence < below));
        let young =
            |message: &&Arc<Received>| filter.since_ms.is_none_or(|since| message.created_ms >= since);
        let wanted = |message: &&Arc<Received>| filter.to.is_none_or(|to| message.to == to) && shown(message);
        queue.range(..end).rev().take_while(young).filter(wanted).take(limit).cloned().collect()
    }

    /// A webhook begins; returns its number, from 1.
    pub(super) fn next_call(&self) -> u64 {
        let mut state = lock(&self.state);
        state.calls += 1;
        state.calls
    }

    pub(super) fn answered(&self, status: u16) {
        *lock(&self.state).answers.entry(status).or_default() += 1;
    }

    pub(super) fn counts(&self) -> InboundCounts {
        let state = lock(&self.state);
        InboundCounts { received: state.received, calls: state.calls, answers: state.answers.clone() }
    }

    pub(super) fn clear(&self) {
        *lock(&self.state) = State::default();
    }
}

impl State {
    fn drop_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        self.by_sid.remove(&oldest.sid);
        // It is the oldest of its addresses too.
        for (queues, address) in [(&mut self.by_from, &oldest.from), (&mut self.by_to, &oldest.to)] {
            if let Some(queue) = queues.get_mut(address) {
                queue.pop_front();
                if queue.is_empty() {
                    queues.remove(address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sid::SidMint;

    fn found(inbox: &Inbox, filter: InboundFilter<'_>) -> Vec<i64> {
        inbox.newest(filter, 10, |_| true).iter().map(|message| message.created_ms).collect()
    }

    #[test]
    fn messages_are_found_by_address_position_and_time() {
        let (inbox, mint, sequence) = (Inbox::new(3), SidMint::new(1), AtomicU64::new(5));
        for (from, to, at) in [("+1", "+8", 1), ("+2", "+8", 2), ("+1", "+9", 3), ("+1", "+8", 4)] {
            let message = Received::new(mint.message(), from.to_owned(), to.to_owned(), String::new(), at);
            inbox.push(message, &sequence);
        }
        let all = InboundFilter::default();
        assert_eq!(found(&inbox, all), [4, 3, 2], "the oldest is gone");
        assert_eq!(found(&inbox, InboundFilter { from: Some("+1"), ..all }), [4, 3]);
        assert_eq!(found(&inbox, InboundFilter { from: Some("+1"), to: Some("+8"), ..all }), [4]);
        assert_eq!(found(&inbox, InboundFilter { to: Some("+8"), ..all }), [4, 2]);
        assert_eq!(found(&inbox, InboundFilter { below: Some(8), ..all }), [3, 2]);
        assert_eq!(found(&inbox, InboundFilter { since_ms: Some(3), ..all }), [4, 3]);
        assert_eq!(found(&inbox, InboundFilter { to: Some("+7"), ..all }), [0; 0]);
        assert!(inbox.has_from("+2") && !inbox.has_from("+8"));
        assert_eq!(inbox.counts().received, 4);
    }
}
