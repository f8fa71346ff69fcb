//! Dates, times and flags as a file writes them: ISO 8601 or nothing, for `03/04/2026` is two dates.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// The years that are taken for a year.
const YEARS: std::ops::Range<i32> = 1900..2200;

/// `2026-12-28`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    YEARS.contains(&day.year()).then_some(day)
}

/// A day, or a time with or without an offset from UTC, as JSON and Postgres write it.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let offset =
        || DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%F %T%.f%#z"));
    let local = || NaiveDateTime::parse_from_str(&text.replacen('T', " ", 1), "%F %T%.f");
    let at = day(text)
        .map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .or_else(|| offset().ok().map(|at| at.to_utc()))
        .or_else(|| local().ok().map(|at| at.and_utc()))?;
    YEARS.contains(&at.year()).then_some(at)
}

/// `true` and its usual spellings.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_iso_dates_are_dates() {
        assert_eq!(day("2026-12-28").map(|d| d.to_string()).as_deref(), Some("2026-12-28"));
        for bad in
            ["28/12/2026", "2026-2-8", "2026-02-30", "0026-02-03", "12-28-2026", "46014", "2083-09-13T"]
        {
            assert_eq!(day(bad), None, "{bad}");
        }
        let at = |text| moment(text).map(|at| at.to_rfc3339());
        for same in [
            "2026-02-02T06:45:00+05:45",
            "2026-02-02 01:00:00+00",
            "2026-02-02 01:00:00.000",
            "2026-02-02T01:00:00Z",
        ] {
            assert_eq!(at(same).as_deref(), Some("2026-02-02T01:00:00+00:00"), "{same}");
        }
        assert!(at("2026-02-02").is_some() && at("02.02.2026").is_none() && at("yesterday").is_none());
    }

    #[test]
    fn flags_are_read_or_refused() {
        assert_eq!(
            ["TRUE", "no", "1", "maybe", "2"].map(flag),
            [Some(true), Some(false), Some(true), None, None]
        );
    }
}
