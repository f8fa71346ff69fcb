//! From when on.

use std::{fmt, str::FromStr};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// Nepal has had one offset, without summer time, since 1986 (IANA time zone database, Asia/Kathmandu).
const NEPAL: Option<FixedOffset> = FixedOffset::east_opt((5 * 60 + 45) * 60);

/// The beginning of a day in Nepal, or another moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Since(pub(crate) DateTime<Utc>);

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self(time.to_utc()));
        }
        let day: Option<NaiveDate> = text.parse().ok();
        let midnight = day.and_then(|day| NEPAL?.from_local_datetime(&day.and_time(NaiveTime::MIN)).single());
        midnight
            .map(|time| Self(time.to_utc()))
            .ok_or("give a day such as 2026-11-25 or a time such as 2026-11-25T18:00:00+05:45")
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(offset) = NEPAL else { return self.0.fmt(f) };
        let local = self.0.with_timezone(&offset);
        if local.time() == NaiveTime::MIN {
            local.date_naive().fmt(f)
        } else {
            f.write_str(&local.to_rfc3339())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_nepal() {
        let day: Since = "2026-11-25".parse().unwrap();
        assert_eq!(day.0.to_rfc3339(), "2026-11-24T18:15:00+00:00");
        assert_eq!(day.to_string(), "2026-11-25");
        let time: Since = "2026-11-25T12:15:00Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-25T18:00:00+05:45");
        for bad in ["", "yesterday", "25.11.2026", "2026-13-01"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
    }
}
