//! Daily opening hours in a time zone, such as `08:00-20:00 Asia/Kathmandu`. They follow local time, daylight saving
//! included.

mod parse;
mod quiet;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, Offset, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

pub use parse::BadWindow;
pub use quiet::{BadQuietHours, QuietHours};

const DAY: i64 = 24 * 60 * 60;
/// A longer duration counts as infinite.
const CENTURY: TimeDelta = TimeDelta::days(36_525);

/// Opening hours. They may cross midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// Always open.
    #[default]
    Always,
    /// Open during these hours every day.
    Daily(Hours),
}

/// Start and end in seconds since local midnight, in one time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    opens: i64,
    closes: i64,
    zone: Tz,
}

impl Window {
    /// Whether the window is open at `at`. The opening time is included, the closing time is not.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        match self {
            Window::Always => true,
            Window::Daily(hours) => hours.contains(at),
        }
    }

    /// The first time from `at` on at which the window is open; `at` itself if it is open.
    pub fn next_opening(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Window::Always => at,
            Window::Daily(hours) => hours.until(at, true),
        }
    }

    /// The first time from `at` on at which the window is closed; `None` if it never closes.
    pub fn next_closing(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Window::Always => None,
            Window::Daily(hours) => Some(hours.until(at, false)),
        }
    }

    /// When it opens, in its zone, such as `09:00`. None: it is always open.
    pub fn opens_at(&self) -> Option<String> {
        match self {
            Window::Always => None,
            Window::Daily(hours) => Some(format!("{:02}:{:02}", hours.opens / 3600, hours.opens / 60 % 60)),
        }
    }

    /// How long sending `segments` takes from `start` on at `per_second`, including the wait for opening hours. `None` if
    /// the rate is unlimited (0) or the duration exceeds a century.
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

    /// `at` in the local time of the window, for people.
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

    /// The first time from `at` on that is open, or closed.
    fn until(&self, at: DateTime<Utc>, open: bool) -> DateTime<Utc> {
        let mut now = at;
        while self.contains(now) != open {
            now = self.next_change(now);
        }
        now
    }

    /// The next time at which the window opens or closes, or the offset of the zone changes.
    fn next_change(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let now = self.of_day(at);
        let wait = [self.opens, self.closes].map(|end| DAY - (now - end).rem_euclid(DAY));
        let whole = at.with_nanosecond(0).unwrap_or(at);
        let change = whole + TimeDelta::seconds(wait[0].min(wait[1]));
        if self.offset(change) == self.offset(whole) { change } else { self.offset_change(whole, change) }
    }

    /// When the offset of the zone changes: after `before`, at `after` at the latest.
    fn offset_change(&self, mut before: DateTime<Utc>, mut after: DateTime<Utc>) -> DateTime<Utc> {
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
