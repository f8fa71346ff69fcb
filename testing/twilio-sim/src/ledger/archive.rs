//! The accepted messages, in order and by SID.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::lock;
use crate::messages::Message;
use crate::sid::MessageSid;

const SHARDS: usize = 16;

/// All messages, or the newest `keep`.
#[derive(Debug)]
pub(super) struct Archive {
    keep: usize,
    order: Mutex<Order>,
    by_sid: Vec<Mutex<HashMap<MessageSid, Arc<Message>>>>,
}

#[derive(Debug, Default)]
struct Order {
    stored: u64,
    messages: VecDeque<Arc<Message>>,
}

impl Archive {
    pub(super) fn new(keep: usize) -> Self {
        let by_sid = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { keep, order: Mutex::default(), by_sid }
    }

    /// Stores a message at the end, with the next position of `sequence`; gives it back with the one that had to go for it.
    pub(super) fn push(
        &self,
        mut message: Message,
        sequence: &AtomicU64,
    ) -> (Arc<Message>, Option<Arc<Message>>) {
        let (stored, evicted) = {
            let mut order = lock(&self.order);
            message.sequence = sequence.fetch_add(1, Ordering::Relaxed);
            order.stored += 1;
            let stored = Arc::new(message);
            order.messages.push_back(Arc::clone(&stored));
            let evicted = if order.messages.len() > self.keep { order.messages.pop_front() } else { None };
            (stored, evicted)
        };
        lock(self.shard(stored.sid)).insert(stored.sid, Arc::clone(&stored));
        if let Some(old) = &evicted {
            lock(self.shard(old.sid)).remove(&old.sid);
        }
        (stored, evicted)
    }

    pub(super) fn get(&self, sid: MessageSid) -> Option<Arc<Message>> {
        lock(self.shard(sid)).get(&sid).cloned()
    }

    /// Newest first, from before position `below`, those that `shown` admits.
    pub(super) fn newest(
        &self,
        below: Option<u64>,
        skip: usize,
        limit: usize,
        shown: impl Fn(&Message) -> bool,
    ) -> Vec<Arc<Message>> {
        let order = lock(&self.order);
        let end = below.map_or(order.messages.len(), |below| {
            order.messages.partition_point(|message| message.sequence < below)
        });
        let admitted = order.messages.range(..end).rev().filter(|message| shown(message));
        admitted.skip(skip).take(limit).cloned().collect()
    }

    /// How many were ever stored.
    pub(super) fn count(&self) -> u64 {
        lock(&self.order).stored
    }

    pub(super) fn clear(&self) {
        let mut order = lock(&self.order);
        *order = Order::default();
        for shard in &self.by_sid {
            lock(shard).clear();
        }
    }

    fn shard(&self, sid: MessageSid) -> &Mutex<HashMap<MessageSid, Arc<Message>>> {
        let index = usize::try_from(sid.bits() % 16).unwrap_or(0);
        &self.by_sid[index % SHARDS]
    }
}
