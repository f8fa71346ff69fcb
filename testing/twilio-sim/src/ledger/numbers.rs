//! What happened to each number. Exact whatever else is forgotten.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::lock;
use super::stats::NumberStats;
use crate::messages::Message;

const SHARDS: usize = 64;

/// Counts per number, and the messages to it that are kept.
#[derive(Debug)]
pub(super) struct Numbers {
    shards: Vec<Mutex<HashMap<Box<str>, Entry>>>,
    hasher: RandomState,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Entry {
    asked: u32,
    accepted: u32,
    messages: VecDeque<Arc<Message>>,
}

/// Sums over all numbers, kept up to date so that reading them costs nothing.
#[derive(Debug, Default)]
struct Totals {
    distinct: AtomicU64,
    duplicates: AtomicU64,
    with_duplicates: AtomicU64,
    max_accepted: AtomicU64,
    max_asked: AtomicU64,
}

/// A snapshot of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberTotals {
    pub(super) distinct: u64,
    pub(super) duplicates: u64,
    pub(super) with_duplicates: u64,
    pub(super) max_accepted: u64,
    pub(super) max_asked: u64,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            totals: Totals::default(),
        }
    }

    /// A create call for `to` arrived.
    pub(super) fn asked(&self, to: &str) {
        let asked = self.entry(to, |entry| {
            entry.asked += 1;
            entry.asked
        });
        self.totals.max_asked.fetch_max(u64::from(asked), Ordering::Relaxed);
    }

    /// A message was accepted.
    pub(super) fn accepted(&self, message: Arc<Message>) {
        let to = message.to.clone();
        let accepted = self.entry(&to, |entry| {
            entry.accepted += 1;
            entry.messages.push_back(message);
            entry.accepted
        });
        let counter = match accepted {
            1 => &self.totals.distinct,
            _ => &self.totals.duplicates,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if accepted == 2 {
            self.totals.with_duplicates.fetch_add(1, Ordering::Relaxed);
        }
        self.totals.max_accepted.fetch_max(u64::from(accepted), Ordering::Relaxed);
    }

    /// Forgets a message but not that it was accepted.
    pub(super) fn drop_message(&self, message: &Message) {
        self.entry(&message.to, |entry| {
            // The oldest goes first, so this looks no further than the front.
            if let Some(place) = entry.messages.iter().position(|kept| kept.sid == message.sid) {
                entry.messages.remove(place);
            }
        });
    }

    /// The kept messages to a number, oldest first.
    pub(super) fn messages(&self, to: &str) -> Vec<Arc<Message>> {
        lock(self.shard(to)).get(to).map(|entry| entry.messages.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn totals(&self) -> NumberTotals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NumberTotals {
            distinct: read(&self.totals.distinct),
            duplicates: read(&self.totals.duplicates),
            with_duplicates: read(&self.totals.with_duplicates),
            max_accepted: read(&self.totals.max_accepted),
            max_asked: read(&self.totals.max_asked),
        }
    }

    /// Counts of the numbers that `wanted` selects, at most `limit` of them.
    pub(super) fn counts(
        &self,
        limit: usize,
        wanted: impl Fn(NumberStats) -> bool,
    ) -> Vec<(String, NumberStats)> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let counts = shard
                .iter()
                .map(|(to, entry)| (to, NumberStats { asked: entry.asked, accepted: entry.accepted }));
            let selected = counts.filter(|(_, counts)| wanted(*counts)).take(limit - found.len());
            found.extend(selected.map(|(to, counts)| (to.to_string(), counts)));
        }
        found
    }

    pub(super) fn clear(&self) {
        for shard in &self.shards {
            lock(shard).clear();
        }
        let totals = &self.totals;
        for counter in [
            &totals.distinct,
            &totals.duplicates,
            &totals.with_duplicates,
            &totals.max_accepted,
            &totals.max_asked,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    fn entry<T>(&self, to: &str, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut shard = lock(self.shard(to));
        match shard.get_mut(to) {
            Some(entry) => change(entry),
            None => change(shard.entry(to.into()).or_default()),
        }
    }

    fn shard(&self, to: &str) -> &Mutex<HashMap<Box<str>, Entry>> {
        let hash = usize::try_from(self.hasher.hash_one(to) % 64).unwrap_or(0);
        &self.shards[hash % SHARDS]
    }
}
