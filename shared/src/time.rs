//! Reads times in ISO 8601 with its usual variations.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Upper limit for the length of a time.
const LONGEST: usize = 64;

/// Formats with an offset from UTC: `Z`, `+05:45`, `+0545` or `+05`, with or without a blank before it.
const WITH_OFFSET: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M %#z", "%Y%m%dT%H%M%S%.f %#z", "%Y%m%dT%H%M %#z"];
/// Formats without an offset.
const IN_UTC: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S%.f", "%Y%m%dT%H%M"];

/// Reads an ISO 8601 time. A time without an offset is in UTC, and a date is midnight in UTC. `None` for other texts:
/// `03/04/2026` is ambiguous, and the epoch of a bare number is unknown.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let year = text.bytes().take_while(u8::is_ascii_digit).count() >= 4;
    if text.len() > LONGEST || !text.is_ascii() || !year {
        return None;
    }
    let text = plain(text);
    let offset = || WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(&text, form).ok());
    let utc = || IN_UTC.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    let day = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    utc()
        .map(|time| time.and_utc())
        .or_else(|| offset().map(|time| time.to_utc()))
        .or_else(|| day().map(|day| day.and_time(NaiveTime::MIN).and_utc()))
}

/// Normalises: `T` between date and time, a dot before the fraction, `Z` for UTC, without the name of a zone.
fn plain(text: &str) -> String {
    let text = text.split_once('[').map_or(text, |(time, _zone)| time).trim_end();
    let utc = ["UTC", "GMT", "z"].into_iter().find_map(|name| text.strip_suffix(name));
    let mut plain = utc.map_or_else(|| text.to_owned(), |time| format!("{}Z", time.trim_end()));
    if matches!(plain.as_bytes().get(10), Some(b' ' | b't')) {
        plain.replace_range(10..11, "T");
    }
    plain.replace(',', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(|time| time.to_rfc3339())
    }

    #[test]
    fn the_usual_forms_of_one_time_are_read() {
        for text in [
            "2026-11-28T06:15:00Z",
            "2026-11-28T12:00:00+05:45",
            "2026-11-28T12:00:00+0545",
            "2026-11-28T12:00:00.000+0545",
            "2026-11-28 12:00:00+0545",
            "2026-11-28 12:00:00 +0545",
            "2026-11-28T06:15:00+00",
            "2026-11-28 06:15:00+00",
            "2026-11-28T06:15:00",
            "2026-11-28 06:15:00",
            "2026-11-28T06:15:00.000",
            "2026-11-28T06:15:00,000Z",
            "2026-11-28t06:15:00z",
            "2026-11-28T06:15",
            "2026-11-28T06:15Z",
            "2026-11-28 06:15:00 UTC",
            "20261128T061500Z",
            "20261128T061500",
            "2026-11-28T12:00:00+05:45[Asia/Kathmandu]",
            " 2026-11-28T06:15:00Z\n",
        ] {
            assert_eq!(read(text).as_deref(), Some("2026-11-28T06:15:00+00:00"), "{text}");
        }
        assert_eq!(read("2026-11-28").as_deref(), Some("2026-11-28T00:00:00+00:00"));
        assert_eq!(read("2026-11-28T06:15:00.123456789").unwrap(), "2026-11-28T06:15:00.123456789+00:00");
    }

    #[test]
    fn other_texts_are_unreadable() {
        for text in [
            "",
            " ",
            "yesterday",
            "28/11/2026",
            "28.11.2026 06:15",
            "1764310500",
            "1764310500000",
            "2026-11-31",
            "2026-13-01T00:00:00Z",
            "2026-11-28T25:00:00",
            "26-11-28T06:15:00",
            "Sat, 28 Nov 2026 06:15:00 GMT",
            "2026-11-28T06:15:00 Kathmandu",
            "२०२६-११-२८",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"2".repeat(10_000)), None);
    }
}
