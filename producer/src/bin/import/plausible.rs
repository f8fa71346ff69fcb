//! Which dates can be true. A year of Bikram Sambat, Nepal's calendar, is about 57 years ahead, and no year says of
//! which calendar it is.

use std::sync::LazyLock;

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};

/// One moment for a whole import: both readings of a file and every row come to the same result.
static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(Utc::now);

/// The longest plausible time since the birth of a user or of a child.
const OLDEST: Months = Months::new(100 * 12);
/// A pregnancy lasts ten months at most; the rest is for dates that were guessed.
const FURTHEST_DUE: Months = Months::new(12);
/// Clocks differ, and today's date in Kathmandu may be tomorrow's in UTC.
const LEEWAY: Days = Days::new(1);

/// Whether a child can be born on `day`: in the past, within a hundred years.
pub(crate) fn birth(day: NaiveDate) -> bool {
    birth_at(day, NOW.date_naive())
}

/// Whether a birth can be due on `day`: in a year at most, or in the past within a hundred years.
pub(crate) fn due(day: NaiveDate) -> bool {
    due_at(day, NOW.date_naive())
}

/// Whether a user can have signed up at `time`: in the past, within a hundred years.
pub(crate) fn signup(time: DateTime<Utc>) -> bool {
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

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn births_lie_in_the_past_and_due_dates_within_a_year() {
        let today = day("2026-11-28");
        let births = ["2026-11-28", "2026-11-29", "1990-01-01", "2026-11-30", "2083-05-12", "1926-11-27"];
        assert_eq!(births.map(|d| birth_at(day(d), today)), [true, true, true, false, false, false]);
        let dues = ["2027-09-01", "2027-11-29", "2024-02-01", "2027-11-30", "2083-05-12", "1826-01-01"];
        assert_eq!(dues.map(|d| due_at(day(d), today)), [true, true, true, false, false, false]);
    }

    #[test]
    fn signups_lie_in_the_past() {
        let now = Utc::now();
        let times = [now - TimeDelta::days(900), now + TimeDelta::hours(5), now + TimeDelta::days(3)];
        assert_eq!(times.map(signup), [true, true, false]);
        assert!(!signup(DateTime::UNIX_EPOCH.checked_sub_months(Months::new(1200)).unwrap()));
    }
}
