//! Times as people type them.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Asia::Kathmandu;

/// The forms of a [`TimeArgument`], for help texts.
pub const TIME_FORMS: &str = "a day such as 2026-11-25 (midnight in Nepal), a time such as 2026-11-25T18:00:00+05:45, or a span such as 90m";

/// A time, or a span of time from now. A bare date is its midnight in Nepal (`Asia/Kathmandu`), never in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeArgument {
    /// A point in time.
    At(DateTime<Utc>),
    /// A length of time, under 100 years.
    Span(Duration),
}

impl TimeArgument {
    /// The point in time, if a span counts back from `now`.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Span(span) => now - TimeDelta::from_std(span).unwrap_or_default(),
        }
    }
}

impl FromStr for TimeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        let midnight =
            |day: NaiveDate| Kathmandu.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
        if let Some(midnight) = text.parse().ok().and_then(midnight) {
            return Ok(Self::At(midnight.to_utc()));
        }
        // A longer span overflows a timestamp.
        let longest = Duration::from_secs(100 * 365 * 86_400);
        let span = humantime::parse_duration(text).ok().filter(|d| !d.is_zero() && *d < longest);
        span.map(Self::Span).ok_or_else(|| format!("give {TIME_FORMS}"))
    }
}

/// As it can be typed: midnights in Nepal as a day, other times with the offset of Nepal.
impl fmt::Display for TimeArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => humantime::format_duration(*span).fmt(f),
            Self::At(time) => {
                let local = time.with_timezone(&Kathmandu);
                if local.time() == NaiveTime::MIN {
                    local.date_naive().fmt(f)
                } else {
                    f.write_str(&local.to_rfc3339())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_spans_are_read() {
        let time = |t: &str| TimeArgument::At(t.parse().expect("a time"));
        assert_eq!("2026-11-25T18:00:00+05:45".parse(), Ok(time("2026-11-25T12:15:00Z")));
        assert_eq!("2026-11-25".parse(), Ok(time("2026-11-24T18:15:00Z")));
        assert_eq!("1h 30m".parse(), Ok(TimeArgument::Span(Duration::from_secs(5_400))));
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(2);
        assert_eq!(TimeArgument::Span(Duration::from_secs(7_200)).before(now), DateTime::UNIX_EPOCH);
        for bad in ["", "tomorrow", "0s", "-1h", "1000y"] {
            assert!(bad.parse::<TimeArgument>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_is_shown_as_it_can_be_typed() {
        for text in ["2026-11-25", "2026-11-25T18:00:00+05:45", "1h 30m"] {
            assert_eq!(text.parse::<TimeArgument>().unwrap().to_string(), text);
        }
    }
}
