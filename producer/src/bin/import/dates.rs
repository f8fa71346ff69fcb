//! Dates, times and flags of files and portals. Dates must be in ISO 8601, since `03/04/2026` is ambiguous. A date
//! must also be plausible: a year of Bikram Sambat, Nepal's calendar, is about 57 years ahead, and a year does not
//! say to which calendar it belongs.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// The accepted years.
const YEARS: std::ops::Range<i32> = 1900..2200;

/// Times without an offset, with a blank in place of the T.
const LOCAL: [&str; 2] = ["%F %T%.f", "%F %H:%M"];
/// Times with an offset: `%#z` reads `+05:45`, `+0545` and `+05`.
const WITH_OFFSET: [&str; 2] = ["%F %T%.f%#z", "%F %H:%M%#z"];

/// One time for a whole import, so that both readings of a file have the same result.
static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(Utc::now);

/// The longest plausible time since the birth of a user or of a child.
const OLDEST: Months = Months::new(100 * 12);
/// A pregnancy lasts ten months at most. Two more allow for estimated dates.
const FURTHEST_DUE: Months = Months::new(12);
/// Clocks differ, and today's date in Kathmandu may be tomorrow's in UTC.
const LEEWAY: Days = Days::new(1);

/// `2026-12-28`.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    YEARS.contains(&day.year()).then_some(day)
}

/// A day, or a time of ISO 8601 with or without an offset from UTC, as JSON, Postgres and DHIS2 write it.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let at = match day(text) {
        Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
        None => time(text)?,
    };
    YEARS.contains(&at.year()).then_some(at)
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen(['T', 't'], " ", 1);
    if let Some(utc) = text.strip_suffix(['Z', 'z']) {
        return local(utc.trim_end());
    }
    // After the date a sign begins an offset.
    let has_offset = text.get(10..).is_some_and(|rest| rest.contains(['+', '-']));
    if has_offset { with_offset(&text) } else { local(&text) }
}

fn with_offset(text: &str) -> Option<DateTime<Utc>> {
    WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.to_utc())
}

fn local(text: &str) -> Option<DateTime<Utc>> {
    LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc())
}

/// `true` and its usual spellings.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// Whether `day` can be a birth date: in the past, within a hundred years.
pub(crate) fn is_plausible_birth(day: NaiveDate) -> bool {
    birth_at(day, NOW.date_naive())
}

/// Whether `day` can be a due date: at most a year ahead, or in the past within a hundred years.
pub(crate) fn is_plausible_due_date(day: NaiveDate) -> bool {
    due_at(day, NOW.date_naive())
}

/// Whether a user can have signed up at `time`: in the past, within a hundred years.
pub(crate) fn is_plausible_signup(time: DateTime<Utc>) -> bool {
    time <= *NOW + TimeDelta::days(1) && within_memory(time.date_naive(), NOW.date_naive())
}

fn birth_at(day: NaiveDate, today: NaiveDate) -> bool {
    within_memory(day, today) && today.checked_add_days(LEEWAY).is_some_and(|latest| day <= latest)
}

fn due_at(day: NaiveDate, today: NaiveDate) -> bool {
    let latest = today.checked_add_months(FURTHEST_DUE).and_then(|day| day.checked_add_days(LEEWAY));
    within_memory(day, today) && latest.is_some_and(|latest| day <= latest)
}

fn within_memory(day: NaiveDate, today: NaiveDate) -> bool {
    today.checked_sub_months(OLDEST).is_some_and(|oldest| day >= oldest)
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
    }

    #[test]
    fn every_spelling_of_iso_times_is_read() {
        let at = |text| moment(text).map(|at| at.to_rfc3339());
        for same in [
            "2026-02-02T06:45:00+05:45",
            "2026-02-02T06:45:00.000+0545",
            "2026-02-02 06:45:00+0545",
            "2026-02-02 06:45+0545",
            "2026-02-02T01:00:00+00",
            "2026-02-02 01:00:00+00",
            "2026-02-02 01:00:00 +00:00",
            "2026-02-02T01:00:00.000+0000",
            "2026-02-01 20:00:00-05",
            "2026-02-02 01:00:00.000",
            "2026-02-02T01:00",
            "2026-02-02T01:00Z",
            "2026-02-02T01:00:00Z",
            "2026-02-02t01:00:00z",
        ] {
            assert_eq!(at(same).as_deref(), Some("2026-02-02T01:00:00+00:00"), "{same}");
        }
        assert!(at("2026-02-02").is_some());
        for bad in ["02.02.2026", "yesterday", "2026-02-02T01:00:00+", "2026-02-02T01:00:00+5", "infinity"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn flags_are_read_or_refused() {
        assert_eq!(
            ["TRUE", "no", "1", "maybe", "2"].map(flag),
            [Some(true), Some(false), Some(true), None, None]
        );
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn births_lie_in_the_past_and_due_dates_within_a_year() {
        let today = date("2026-11-28");
        let births = ["2026-11-28", "2026-11-29", "1990-01-01", "2026-11-30", "2083-05-12", "1926-11-27"];
        assert_eq!(births.map(|d| birth_at(date(d), today)), [true, true, true, false, false, false]);
        let dues = ["2027-09-01", "2027-11-29", "2024-02-01", "2027-11-30", "2083-05-12", "1826-01-01"];
        assert_eq!(dues.map(|d| due_at(date(d), today)), [true, true, true, false, false, false]);
    }

    #[test]
    fn signups_lie_in_the_past() {
        let now = Utc::now();
        let times = [now - TimeDelta::days(900), now + TimeDelta::hours(5), now + TimeDelta::days(3)];
        assert_eq!(times.map(is_plausible_signup), [true, true, false]);
        assert!(!is_plausible_signup(DateTime::UNIX_EPOCH.checked_sub_months(Months::new(1200)).unwrap()));
    }
}
