//! Hours of the day within which something may happen, such as `08:00-20:00 Asia/Kathmandu`. They follow the
//! clock on the wall, through every change of it.

mod parse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, Offset, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

pub use parse::BadWindow;

const DAY: i64 = 24 * 60 * 60;
/// What takes longer than a century never ends.
const CENTURY: TimeDelta = TimeDelta::days(36_525);

/// Hours of the day; they may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// No hours are named: always open.
    #[default]
    Always,
    /// Open daily.
    Daily(Hours),
}

/// From one time of the day to another, on the clocks of one zone. Seconds since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    opens: i64,
    closes: i64,
    zone: Tz,
}

impl Window {
    /// Whether it is open at that moment. The moment of opening belongs to it, that of closing does not.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        match self {
            Window::Always => true,
            Window::Daily(hours) => hours.contains(at),
        }
    }

    /// The first moment from `at` on when it is open; `at` itself while it is.
    pub fn next_opening(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Window::Always => at,
            Window::Daily(hours) => hours.until(at, true),
        }
    }

    /// The first moment from `at` on when it is closed; none when it never is.
    pub fn next_closing(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Window::Always => None,
            Window::Daily(hours) => Some(hours.until(at, false)),
        }
    }

    /// How long `segments` take from `start` on at `per_second`, waiting while it is closed. None when that
    /// is without a limit (0), or takes more than a century.
    pub fn time_needed(&self, segments: u64, per_second: u32, start: DateTime<Utc>) -> Option<Duration> {
        if per_second == 0 {
            return None;
        }
        let seconds = segments.div_ceil(u64::from(per_second));
        self.end_of_work(start, seconds)?.signed_duration_since(start).to_std().ok()
    }

    fn end_of_work(&self, start: DateTime<Utc>, seconds: u64) -> Option<DateTime<Utc>> {
        let mut left = TimeDelta::try_seconds(i64::try_from(seconds).ok()?).filter(|t| *t <= CENTURY)?;
        let mut now = start;
        while left > TimeDelta::zero() {
            now = self.next_opening(now);
            if now - start > CENTURY {
                return None;
            }
            let Some(closing) = self.next_closing(now) else { return Some(now + left) };
            let worked = left.min(closing - now);
            left -= worked;
            now += worked;
        }
        Some(now)
    }

    /// That moment on the clocks of the window's zone, for people.
    pub fn local(&self, at: DateTime<Utc>) -> String {
        match self {
            Window::Always => at.format("%Y-%m-%d %H:%M UTC").to_string(),
            Window::Daily(hours) => {
                format!("{} {}", at.with_timezone(&hours.zone).format("%Y-%m-%d %H:%M"), hours.zone)
            }
        }
    }
}

impl Hours {
    fn contains(&self, at: DateTime<Utc>) -> bool {
        let now = self.of_day(at);
        if self.opens < self.closes {
            (self.opens..self.closes).contains(&now)
        } else {
            now >= self.opens || now < self.closes
        }
    }

    /// The first moment from `at` on that is open, or closed.
    fn until(&self, at: DateTime<Utc>, open: bool) -> DateTime<Utc> {
        let mut now = at;
        while self.contains(now) != open {
            now = self.next_change(now);
        }
        now
    }

    /// The next moment when the clock shows an end of the hours, or is put forward or back.
    fn next_change(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let now = self.of_day(at);
        let wait = [self.opens, self.closes].map(|end| DAY - (now - end).rem_euclid(DAY));
        let whole = at.with_nanosecond(0).unwrap_or(at);
        let change = whole + TimeDelta::seconds(wait[0].min(wait[1]));
        if self.offset(change) == self.offset(whole) { change } else { self.put(whole, change) }
    }

    /// When, after `before` and not after `after`, the clock is put forward or back.
    fn put(&self, mut before: DateTime<Utc>, mut after: DateTime<Utc>) -> DateTime<Utc> {
        let old = self.offset(before);
        while after - before > TimeDelta::seconds(1) {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            if self.offset(middle) == old { before = middle } else { after = middle }
        }
        after
    }

    fn of_day(&self, at: DateTime<Utc>) -> i64 {
        i64::from(at.with_timezone(&self.zone).num_seconds_from_midnight())
    }

    fn offset(&self, at: DateTime<Utc>) -> i32 {
        at.with_timezone(&self.zone).offset().fix().local_minus_utc()
    }
}
