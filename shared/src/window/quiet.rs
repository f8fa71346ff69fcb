//! Hours in which a person gets no message that they did not ask for, in the zone of the person.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{Hours, Window};

/// Within so many seconds after the opening, those who waited are sent to. A minute less than half an hour: calls take
/// some time.
const SPREAD: i64 = 29 * 60;

/// Quiet hours such as `20:00-07:00`. They may cross midnight. The first minute belongs to them, the last one to the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours(Hours);

/// Why a text names no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write it as `20:00-07:00`, shorter than a day, or as `off`")]
pub struct BadQuietHours;

impl QuietHours {
    /// Reads quiet hours; `off`: none. They are those of `zone` for people whose zone is not known.
    pub fn parse(text: &str, zone: Tz) -> Result<Option<Self>, BadQuietHours> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        match format!("{} {zone}", text.trim()).parse() {
            Ok(Window::Daily(hours)) => Ok(Some(Self(hours))),
            Ok(Window::Always) | Err(_) => Err(BadQuietHours),
        }
    }

    /// When the quiet hours end that `at` lies in, in `zone`, else in the default zone. None: `at` is of the day.
    pub fn end(&self, at: DateTime<Utc>, zone: Option<Tz>) -> Option<DateTime<Utc>> {
        let quiet = self.in_zone(zone);
        quiet.contains(at).then(|| quiet.until(at, false))
    }

    /// As [`Self::end`], with the turn of a user: always the same for a user, and users are spread over the first half
    /// hour of the day, or over all of a shorter day.
    pub fn turn(&self, at: DateTime<Utc>, zone: Option<Tz>, user_id: &str) -> Option<DateTime<Utc>> {
        let end = self.end(at, zone)?;
        let day = self.in_zone(zone).until(end, true) - end;
        let room = u64::try_from(SPREAD.min(day.num_seconds())).unwrap_or(0).max(1);
        let digest = Sha256::digest(user_id.as_bytes());
        let draw = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Some(end + TimeDelta::seconds(i64::try_from(draw % room).unwrap_or(0)))
    }

    fn in_zone(&self, zone: Option<Tz>) -> Hours {
        zone.map_or(self.0, |zone| Hours { zone, ..self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KATHMANDU: Tz = Tz::Asia__Kathmandu;

    fn night() -> QuietHours {
        QuietHours::parse("20:00-07:00", KATHMANDU).unwrap().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_are_those_of_the_persons_zone() {
        // Local time of each row: the offset is that of the zone on that day.
        for (zone, local, end) in [
            ("Asia/Kathmandu", "2026-12-01T19:59:59+05:45", None),
            ("Asia/Kathmandu", "2026-12-01T20:00:00+05:45", Some("2026-12-02T07:00:00+05:45")),
            ("Asia/Kathmandu", "2026-12-01T23:59:59+05:45", Some("2026-12-02T07:00:00+05:45")),
            ("Asia/Kathmandu", "2026-12-02T00:00:00+05:45", Some("2026-12-02T07:00:00+05:45")),
            ("Asia/Kathmandu", "2026-12-02T06:59:59+05:45", Some("2026-12-02T07:00:00+05:45")),
            ("Asia/Kathmandu", "2026-12-02T07:00:00+05:45", None),
            ("Asia/Qatar", "2026-12-02T06:30:00+03:00", Some("2026-12-02T07:00:00+03:00")),
            ("America/Los_Angeles", "2026-12-01T12:00:00-08:00", None),
            // Summer time begins in the night of 8 March 2026 in New York, and ends in that of 5 April in Sydney.
            ("America/New_York", "2026-03-07T22:00:00-05:00", Some("2026-03-08T07:00:00-04:00")),
            ("America/New_York", "2026-03-08T06:59:59-04:00", Some("2026-03-08T07:00:00-04:00")),
            ("Australia/Sydney", "2026-04-04T22:00:00+11:00", Some("2026-04-05T07:00:00+10:00")),
            ("Australia/Sydney", "2026-04-05T06:30:00+10:00", Some("2026-04-05T07:00:00+10:00")),
            ("Australia/Sydney", "2026-04-05T07:00:00+10:00", None),
        ] {
            assert_eq!(night().end(at(local), zone.parse().ok()), end.map(at), "{zone} {local}");
        }
    }

    #[test]
    fn quiet_hours_within_a_day_and_a_zone_that_is_not_known() {
        let noon = QuietHours::parse("12:00-14:00", KATHMANDU).unwrap().unwrap();
        assert_eq!(noon.end(at("2026-12-01T13:00:00+05:45"), None), Some(at("2026-12-01T14:00:00+05:45")));
        assert_eq!(noon.end(at("2026-12-01T13:00:00Z"), None), None);
        assert_eq!(noon.end(at("2026-12-01T23:00:00+05:45"), None), None);
    }

    #[test]
    fn those_who_waited_are_spread_over_half_an_hour_each_at_a_time_of_their_own() {
        let (night, midnight) = (night(), at("2026-12-02T00:00:00+05:45"));
        let opening = at("2026-12-02T07:00:00+05:45");
        let turn = |user: u32| {
            let turn = night.turn(midnight, None, &format!("user-{user}")).unwrap();
            (turn - opening).num_seconds()
        };
        let mut by_third = [0; 3];
        for user in 0..3000 {
            assert!((0..30 * 60).contains(&turn(user)), "{user}: {}", turn(user));
            assert_eq!(turn(user), turn(user));
            by_third[usize::try_from(turn(user)).unwrap() / 600] += 1;
        }
        assert!(by_third.iter().all(|users| *users > 800), "{by_third:?}");
    }

    #[test]
    fn a_turn_does_not_miss_a_short_day() {
        let long = QuietHours::parse("07:10-07:00", KATHMANDU).unwrap().unwrap();
        for user in 0..200 {
            let turn = long.turn(at("2026-12-02T00:00:00+05:45"), None, &format!("{user}")).unwrap();
            assert_eq!(long.end(turn, None), None, "{turn}");
        }
    }

    #[test]
    fn what_names_no_quiet_hours_is_refused() {
        for text in ["", "on", "20:00", "20:00-20:00", "00:00-24:00", "25:00-07:00", "20:00-07:00 Asia/Doha"]
        {
            assert_eq!(QuietHours::parse(text, KATHMANDU), Err(BadQuietHours), "{text}");
        }
        assert_eq!(QuietHours::parse("off", KATHMANDU), Ok(None));
    }
}
