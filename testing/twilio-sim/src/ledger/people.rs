//! Messages by person and local day. Exact also when messages are no longer kept.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use super::lock;
use super::stats::DayStats;
use crate::channel::{Channel, person};
use crate::messages::Message;

const SHARDS: usize = 64;
/// People with day duplicates that are listed.
const LISTED: usize = 100;

/// The accepted messages of each person, on every channel.
#[derive(Debug)]
pub(super) struct People {
    zone: Tz,
    shards: Vec<Mutex<HashMap<Box<str>, Person>>>,
    hasher: RandomState,
    totals: Totals,
}

/// The messages to one person.
#[derive(Debug, Default)]
struct Person {
    arrivals: Vec<Arrival>,
    /// The latest day and the kind that a further message of it has.
    latest: Option<(NaiveDate, Kind)>,
    /// Whether a message reached the person, by channel.
    reached: [bool; 2],
}

/// One accepted message.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    at_ms: i64,
    fails: bool,
}

#[derive(Debug, Default)]
struct Totals {
    duplicates: AtomicU64,
    retries: AtomicU64,
    on_both: AtomicU64,
    /// The first people with duplicates, so that listing them costs nothing.
    with_duplicates: Mutex<BTreeSet<String>>,
}

/// The sums over all people and days of one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayTotals {
    pub(super) zone: Tz,
    pub(super) duplicates: u64,
    pub(super) retries: u64,
    pub(super) on_both: u64,
    /// Some of the people with duplicates.
    pub(super) with_duplicates: Vec<String>,
}

/// Counts by person and day.
pub(super) type Days = BTreeMap<String, BTreeMap<String, DayStats>>;

impl People {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            totals: Totals::default(),
        }
    }

    /// A message was accepted.
    pub(super) fn accepted(&self, message: &Message) {
        let ending = message.lifecycle.ending;
        let arrival = Arrival { at_ms: message.created_ms, fails: ending.fails_first() };
        let name = person(&message.to);
        let mut shard = lock(self.shard(name));
        let person = match shard.get_mut(name) {
            Some(person) => person,
            None => shard.entry(name.into()).or_default(),
        };
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match person.add(arrival, self.zone) {
            Kind::First => {}
            Kind::Duplicate => {
                count(&self.totals.duplicates);
                let mut listed = lock(&self.totals.with_duplicates);
                if listed.len() < LISTED {
                    listed.insert(name.to_owned());
                }
            }
            Kind::Retry => _ = count(&self.totals.retries),
        }
        let channel = Channel::of(&message.to).index();
        if ending.reaches() && !person.reached[channel] {
            person.reached[channel] = true;
            if person.reached == [true; 2] {
                count(&self.totals.on_both);
            }
        }
    }

    pub(super) fn totals(&self) -> DayTotals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DayTotals {
            zone: self.zone,
            duplicates: read(&self.totals.duplicates),
            retries: read(&self.totals.retries),
            on_both: read(&self.totals.on_both),
            with_duplicates: lock(&self.totals.with_duplicates).iter().cloned().collect(),
        }
    }

    /// The sums for another zone, which takes as long as there are messages.
    pub(super) fn totals_in(&self, zone: Tz) -> DayTotals {
        let days = self.days(zone);
        let has_duplicates = |days: &BTreeMap<String, DayStats>| days.values().any(|day| day.duplicates > 0);
        let with_duplicates = days.iter().filter(|(_, days)| has_duplicates(days)).take(LISTED);
        let sum = |part: fn(&DayStats) -> u32| {
            days.values().flat_map(BTreeMap::values).map(|day| u64::from(part(day))).sum()
        };
        DayTotals {
            zone,
            duplicates: sum(|day| day.duplicates),
            retries: sum(|day| day.retries),
            with_duplicates: with_duplicates.map(|(person, _)| person.clone()).collect(),
            ..self.totals()
        }
    }

    /// The days of every person.
    pub(super) fn days(&self, zone: Tz) -> Days {
        let mut found = Days::new();
        for shard in &self.shards {
            for (name, person) in lock(shard).iter() {
                for (day, stats) in by_day(&person.arrivals, zone) {
                    found.entry(name.to_string()).or_default().insert(day.to_string(), stats);
                }
            }
        }
        found
    }

    pub(super) fn clear(&self) {
        for shard in &self.shards {
            lock(shard).clear();
        }
        for counter in [&self.totals.duplicates, &self.totals.retries, &self.totals.on_both] {
            counter.store(0, Ordering::Relaxed);
        }
        lock(&self.totals.with_duplicates).clear();
    }

    fn shard(&self, person: &str) -> &Mutex<HashMap<Box<str>, Person>> {
        let hash = usize::try_from(self.hasher.hash_one(person) % 64).unwrap_or(0);
        &self.shards[hash % SHARDS]
    }
}

impl Person {
    fn add(&mut self, arrival: Arrival, zone: Tz) -> Kind {
        let day = day(arrival.at_ms, zone);
        let kind = match self.latest {
            Some((latest, next)) if latest == day => next,
            // Two messages around midnight may be counted in the wrong order.
            Some((latest, _)) if latest > day => {
                let same_day = self.arrivals.iter().filter(|one| self::day(one.at_ms, zone) == day);
                same_day.fold(Kind::First, |kind, one| kind.next(one.fails))
            }
            _ => Kind::First,
        };
        if self.latest.is_none_or(|(latest, _)| latest <= day) {
            self.latest = Some((day, kind.next(arrival.fails)));
        }
        self.arrivals.push(arrival);
        kind
    }
}

/// The place of a message among those of its person and day.
#[derive(Debug, Clone, Copy)]
enum Kind {
    First,
    /// An earlier one did not fail.
    Duplicate,
    /// All earlier ones failed.
    Retry,
}

impl Kind {
    /// The kind of the message after this one.
    fn next(self, fails: bool) -> Self {
        match self {
            Self::First | Self::Retry if fails => Self::Retry,
            _ => Self::Duplicate,
        }
    }
}

fn by_day(arrivals: &[Arrival], zone: Tz) -> BTreeMap<NaiveDate, DayStats> {
    let mut days: BTreeMap<NaiveDate, (DayStats, Kind)> = BTreeMap::new();
    for arrival in arrivals {
        let (stats, kind) =
            days.entry(day(arrival.at_ms, zone)).or_insert((DayStats::default(), Kind::First));
        stats.accepted += 1;
        stats.failed += u32::from(arrival.fails);
        match *kind {
            Kind::First => {}
            Kind::Duplicate => stats.duplicates += 1,
            Kind::Retry => stats.retries += 1,
        }
        *kind = kind.next(arrival.fails);
    }
    days.into_iter().map(|(day, (stats, _))| (day, stats)).collect()
}

fn day(ms: i64, zone: Tz) -> NaiveDate {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH).with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Ending, FailedStatus};
    use crate::messages::test_message;

    const HOUR: i64 = 3_600_000;
    const FAILED: Ending = Ending::Failed(FailedStatus::Failed, 63024);

    fn people(messages: &[(&str, i64, Ending)]) -> People {
        let people = People::new(chrono_tz::Asia::Kathmandu);
        for (to, created_ms, ending) in messages {
            people.accepted(&Message { created_ms: *created_ms, ..test_message(to, true, *ending) });
        }
        people
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        // 18:15 UTC is midnight in Nepal.
        let people = people(&[
            ("+1", 18 * HOUR, Ending::Delivered),
            ("whatsapp:+1", 18 * HOUR + HOUR / 2, Ending::Delivered),
            ("+1", 19 * HOUR, Ending::Delivered),
        ]);
        assert_eq!((people.totals().duplicates, people.totals().on_both), (1, 1));
        assert_eq!(people.totals_in(Tz::UTC).duplicates, 2);
        let days = people.days(chrono_tz::Asia::Kathmandu);
        let first = DayStats { accepted: 1, ..DayStats::default() };
        let second = DayStats { accepted: 2, failed: 0, duplicates: 1, retries: 0 };
        let expected = [("1970-01-01".to_owned(), first), ("1970-01-02".to_owned(), second)];
        assert_eq!(days["+1"], BTreeMap::from(expected));
        assert_eq!(people.totals().with_duplicates, ["+1"]);
        people.clear();
        assert_eq!(people.totals().duplicates, 0);
    }

    #[test]
    fn messages_of_an_earlier_day_may_follow() {
        let delivered = Ending::Delivered;
        let people = people(&[("+1", 48 * HOUR, delivered), ("+1", 0, delivered), ("+1", 1, delivered)]);
        assert_eq!(people.totals().duplicates, 1);
        assert_eq!(people.totals_in(chrono_tz::Asia::Kathmandu), people.totals());
    }

    #[test]
    fn a_second_try_after_a_failure_is_no_duplicate() {
        let people = people(&[
            ("whatsapp:+1", 0, FAILED),
            ("+1", 1, Ending::Delivered),
            ("+1", 2, FAILED),
            ("+2", 0, FAILED),
            ("+2", 1, FAILED),
        ]);
        let totals = people.totals();
        assert_eq!((totals.duplicates, totals.retries, totals.on_both), (1, 2, 0));
        assert_eq!(people.totals_in(chrono_tz::Asia::Kathmandu), totals);
    }

    #[test]
    fn a_late_delivery_reaches_on_both_channels() {
        let people = people(&[
            ("whatsapp:+1", 0, Ending::FailedThenDelivered(63024)),
            ("+1", 1, Ending::Delivered),
            ("+1", 100 * HOUR, Ending::Delivered),
        ]);
        assert_eq!((people.totals().retries, people.totals().on_both), (1, 1));
    }
}
