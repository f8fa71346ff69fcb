//! The ledger's parts put together.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::archive::Archive;
use super::callback_log::{CallbackLog, CallbackRecord};
use super::file::{LedgerFile, LedgerFileError};
use super::inbox::{InboundCounts, InboundFilter, Inbox};
use super::lock;
use super::numbers::Numbers;
use super::people::People;
use super::rate::RateWindow;
use super::requests::RequestCounts;
use super::stats::{ChannelStats, DayDetail, NumberStats, Peaks, Stats, StatsDetail};
use super::timeline::{Arrivals, Timeline};
use crate::channel::Channel;
use crate::faults::Operation;
use crate::inbound::Received;
use crate::messages::Message;
use crate::options::Options;
use crate::sid::MessageSid;
use crate::time::now_ms;

/// Messages and arrivals kept in fast mode.
const FAST_KEEP: usize = 10_000;
/// Inbound messages kept in fast mode.
const FAST_INBOX: usize = 100_000;
/// Arrivals kept otherwise.
const ARRIVALS_KEEP: usize = 1_000_000;

/// Longest recipient counted, in bytes; longer ones are nonsense.
const MAX_ADDRESS: usize = 40;

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct Book {
    started: Instant,
    numbers: Numbers,
    people: People,
    archive: Archive,
    inbox: Inbox,
    /// The next position of a message, accepted or received.
    sequence: AtomicU64,
    requests: RequestCounts,
    asked: Mutex<Asked>,
    accepted: Mutex<Accepted>,
    /// Accepted messages by channel.
    by_channel: [AtomicU64; 2],
    /// Messages that fail, by channel and code.
    failed: Mutex<[BTreeMap<u32, u64>; 2]>,
    callbacks: Mutex<CallbackLog>,
    /// Messages whose text was deleted on request.
    redacted: Mutex<HashSet<MessageSid>>,
    file: Option<LedgerFile>,
    /// Raised by a reset, so that callbacks of earlier messages stop.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
struct Accepted {
    rate: RateWindow,
    by_channel: [RateWindow; 2],
}

#[derive(Debug)]
struct Asked {
    rate: RateWindow,
    by_channel: [RateWindow; 2],
    arrivals: Arrivals,
}

impl Asked {
    fn new(keep: usize) -> Self {
        Self { rate: RateWindow::default(), by_channel: Default::default(), arrivals: Arrivals::new(keep) }
    }
}

impl Book {
    pub(crate) fn open(options: &Options) -> Result<Self, LedgerFileError> {
        let keep = if options.fast { FAST_KEEP } else { usize::MAX };
        let mut book = Self {
            started: Instant::now(),
            numbers: Numbers::new(),
            people: People::new(options.day_zone),
            archive: Archive::new(keep),
            inbox: Inbox::new(if options.fast { FAST_INBOX } else { usize::MAX }),
            sequence: AtomicU64::new(0),
            requests: RequestCounts::new(),
            asked: Mutex::new(Asked::new(keep.min(ARRIVALS_KEEP))),
            accepted: Mutex::default(),
            by_channel: Default::default(),
            failed: Mutex::default(),
            callbacks: Mutex::default(),
            redacted: Mutex::default(),
            file: None,
            generation: AtomicU64::new(0),
        };
        if let Some(path) = &options.ledger_file {
            let (file, messages) = LedgerFile::open(path)?;
            for message in messages {
                book.store(message);
            }
            book.file = Some(file);
        }
        Ok(book)
    }

    /// A create call arrived, whatever becomes of it.
    pub(crate) fn asked(&self, to: Option<&str>, segments: u16) {
        if let Some(to) = to.filter(|to| to.len() <= MAX_ADDRESS) {
            self.numbers.asked(to);
        }
        let mut asked = lock(&self.asked);
        // Read under the lock: the window needs times in order.
        let now = self.elapsed_us();
        asked.rate.record(now, segments);
        asked.by_channel[Channel::of(to.unwrap_or_default()).index()].record(now, segments);
        asked.arrivals.record(now_ms(), segments);
    }

    /// A message is accepted; from here on it counts.
    pub(crate) fn accept(&self, message: Message) -> Arc<Message> {
        if let Some(file) = &self.file
            && let Err(error) = file.append(&message)
        {
            tracing::error!(%error, "ledger file cannot be written");
        }
        {
            let mut rate = lock(&self.accepted);
            let now = self.elapsed_us();
            rate.rate.record(now, message.segments);
            rate.by_channel[Channel::of(&message.to).index()].record(now, message.segments);
        }
        self.store(message)
    }

    pub(crate) fn answered(&self, operation: Operation, status: u16) {
        self.requests.add(operation, status);
    }

    pub(crate) fn called_back(&self, record: CallbackRecord) {
        lock(&self.callbacks).record(record);
    }

    pub(crate) fn message(&self, sid: MessageSid) -> Option<Arc<Message>> {
        self.archive.get(sid).map(|message| self.shown(message))
    }

    /// A message of a person is stored.
    pub(crate) fn receive(&self, message: Received) -> Arc<Received> {
        self.inbox.push(message, &self.sequence)
    }

    /// The message of a person with this SID.
    pub(crate) fn received(&self, sid: MessageSid) -> Option<Arc<Received>> {
        self.inbox.get(sid)
    }

    /// The messages of people, newest first, those that `shown` admits.
    pub(crate) fn newest_received(
        &self,
        filter: InboundFilter<'_>,
        limit: usize,
        shown: impl Fn(&Received) -> bool,
    ) -> Vec<Arc<Received>> {
        self.inbox.newest(filter, limit, shown)
    }

    /// Whether a person with this address wrote.
    pub(crate) fn has_received_from(&self, address: &str) -> bool {
        self.inbox.has_from(address)
    }

    /// The position of a message, accepted or received.
    pub(crate) fn position(&self, sid: MessageSid) -> Option<u64> {
        let accepted = self.archive.get(sid).map(|message| message.sequence);
        accepted.or_else(|| self.inbox.get(sid).map(|message| message.sequence))
    }

    /// A webhook begins; returns its number, from 1.
    pub(crate) fn next_call(&self) -> u64 {
        self.inbox.next_call()
    }

    /// A webhook ended with this status; 0: without an answer.
    pub(crate) fn webhook_answered(&self, status: u16) {
        self.inbox.answered(status);
    }

    pub(crate) fn inbound_counts(&self) -> InboundCounts {
        self.inbox.counts()
    }

    /// Deletes the text of a message from all answers.
    pub(crate) fn redact(&self, sid: MessageSid) {
        lock(&self.redacted).insert(sid);
    }

    /// The message as answers show it.
    fn shown(&self, message: Arc<Message>) -> Arc<Message> {
        if lock(&self.redacted).contains(&message.sid) {
            return Arc::new(Message { body: String::new(), ..(*message).clone() });
        }
        message
    }

    /// Messages newest first: to a number or to all, before a position, those that `shown` admits.
    pub(crate) fn newest(
        &self,
        to: Option<&str>,
        below: Option<u64>,
        skip: usize,
        limit: usize,
        shown: impl Fn(&Message) -> bool,
    ) -> Vec<Arc<Message>> {
        let Some(to) = to else {
            let newest = self.archive.newest(below, skip, limit, shown);
            return newest.into_iter().map(|message| self.shown(message)).collect();
        };
        let mut messages = self.numbers.messages(to);
        messages.sort_by_key(|message| std::cmp::Reverse(message.sequence));
        messages.retain(|message| below.is_none_or(|below| message.sequence < below) && shown(message));
        messages.into_iter().skip(skip).take(limit).map(|message| self.shown(message)).collect()
    }

    pub(crate) fn callbacks(&self, limit: usize) -> Vec<CallbackRecord> {
        lock(&self.callbacks).newest(limit)
    }

    pub(crate) fn timeline(&self) -> Timeline {
        lock(&self.asked).arrivals.snapshot()
    }

    /// Counts of every number.
    pub(crate) fn per_number(&self) -> Vec<(String, NumberStats)> {
        self.numbers.counts(usize::MAX, |_| true)
    }

    pub(crate) fn accepted_count(&self) -> u64 {
        self.archive.count()
    }

    pub(crate) fn stats(&self, detail: StatsDetail, days: DayDetail) -> Stats {
        let totals = self.numbers.totals();
        let requests = self.requests.snapshot();
        let duplicates = if totals.duplicates == 0 {
            Vec::new()
        } else {
            self.numbers.counts(100, |counts| counts.accepted > 1)
        };
        let day_totals = days.zone.map_or_else(|| self.people.totals(), |zone| self.people.totals_in(zone));
        let per_day = days.every.then(|| self.people.days(day_totals.zone));
        let by_channel = Channel::ALL.map(|channel| (channel, self.channel_stats(channel)));
        let callbacks = lock(&self.callbacks);
        Stats {
            accepted: self.archive.count(),
            distinct_numbers: totals.distinct,
            duplicates: totals.duplicates,
            numbers_with_duplicates: totals.with_duplicates,
            duplicate_numbers: duplicates.into_iter().map(|(to, _)| to).collect(),
            max_per_number: totals.max_accepted,
            max_asked_per_number: totals.max_asked,
            peak_per_second: Peaks::new(lock(&self.accepted).rate.peak(), lock(&self.asked).rate.peak()),
            lookups: requests.get(&Operation::Lookup).map_or(0, |row| row.values().sum()),
            requests,
            callbacks_sent: callbacks.sent,
            callbacks_failed: callbacks.failed,
            callbacks_skipped: callbacks.skipped,
            by_channel: by_channel.into(),
            day_zone: day_totals.zone.name().to_owned(),
            day_duplicates: day_totals.duplicates,
            day_retries: day_totals.retries,
            day_duplicate_people: day_totals.with_duplicates,
            reached_on_both_channels: day_totals.on_both,
            per_day,
            per_number: (detail == StatsDetail::PerNumber).then(|| self.per_number().into_iter().collect()),
        }
    }

    fn channel_stats(&self, channel: Channel) -> ChannelStats {
        let index = channel.index();
        let accepted = lock(&self.accepted).by_channel[index].peak();
        let asked = lock(&self.asked).by_channel[index].peak();
        ChannelStats {
            accepted: self.by_channel[index].load(Ordering::Relaxed),
            failed_by_code: lock(&self.failed)[index].clone(),
            peak_per_second: Peaks::new(accepted, asked),
        }
    }

    /// Forgets everything, the file included.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.numbers.clear();
        self.people.clear();
        for count in &self.by_channel {
            count.store(0, Ordering::Relaxed);
        }
        *lock(&self.failed) = <[BTreeMap<u32, u64>; 2]>::default();
        self.archive.clear();
        self.inbox.clear();
        self.requests.clear();
        *lock(&self.accepted) = Accepted::default();
        *lock(&self.callbacks) = CallbackLog::default();
        lock(&self.redacted).clear();
        let mut asked = lock(&self.asked);
        asked.rate = RateWindow::default();
        asked.by_channel = Default::default();
        asked.arrivals.clear();
        if let Some(file) = &self.file
            && let Err(error) = file.clear()
        {
            tracing::error!(%error, "ledger file cannot be emptied");
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn store(&self, message: Message) -> Arc<Message> {
        let (stored, evicted) = self.archive.push(message, &self.sequence);
        let channel = Channel::of(&stored.to).index();
        self.by_channel[channel].fetch_add(1, Ordering::Relaxed);
        if let Some(code) = stored.lifecycle.ending.first_error() {
            *lock(&self.failed)[channel].entry(code).or_default() += 1;
        }
        self.people.accepted(&stored);
        self.numbers.accepted(Arc::clone(&stored));
        if let Some(old) = evicted {
            self.numbers.drop_message(&old);
        }
        stored
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
