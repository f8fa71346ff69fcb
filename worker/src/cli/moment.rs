//! Points in time as people type them.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Asia::Kathmandu;

/// A time, or a span of time from now. A day alone is its midnight in Nepal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    At(DateTime<Utc>),
    Span(Duration),
}

impl Moment {
    /// The moment meant where a span counts back.
    pub(super) fn back_from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Span(span) => now - TimeDelta::from_std(span).unwrap_or_default(),
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        let midnight =
            |day: NaiveDate| Kathmandu.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
        if let Some(midnight) = text.parse().ok().and_then(midnight) {
            return Ok(Self::At(midnight.to_utc()));
        }
        // 100 years: what is longer overflows a timestamp.
        let longest = Duration::from_secs(100 * 365 * 86_400);
        let span = humantime::parse_duration(text).ok().filter(|d| !d.is_zero() && *d < longest);
        span.map(Self::Span).ok_or("use a time like 2026-11-25T18:00:00+05:45 or a span like 90m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_spans_are_read() {
        let time = |t: &str| Moment::At(t.parse().expect("a time"));
        assert_eq!("2026-11-25T18:00:00+05:45".parse(), Ok(time("2026-11-25T12:15:00Z")));
        assert_eq!("2026-11-25".parse(), Ok(time("2026-11-24T18:15:00Z")));
        assert_eq!("1h 30m".parse(), Ok(Moment::Span(Duration::from_secs(5_400))));
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(2);
        assert_eq!(Moment::Span(Duration::from_secs(7_200)).back_from(now), DateTime::UNIX_EPOCH);
        for bad in ["", "tomorrow", "0s", "-1h", "1000y"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }
}
