//! Numbers and times as people of either language read them; times are those of Nepal.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use chrono_tz::Asia::Kathmandu;

use super::preferences::Lang;

const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["जनवरी", "फेब्रुअरी", "मार्च", "अप्रिल", "मे", "जुन", "जुलाई", "अगस्ट", "सेप्टेम्बर", "अक्टोबर", "नोभेम्बर", "डिसेम्बर"],
];

/// The unit of a shown duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Minutes,
    Hours,
}

/// Devanagari digits in Nepali text.
fn digits(lang: Lang, text: String) -> String {
    match lang {
        Lang::English => text,
        Lang::Nepali => text
            .chars()
            .map(|c| c.to_digit(10).and_then(|d| char::from_u32('०' as u32 + d)).unwrap_or(c))
            .collect(),
    }
}

/// A count in groups: by thousands in English, by hundreds above a thousand (lakh, crore) in Nepali.
pub(crate) fn count(lang: Lang, number: i64) -> String {
    let plain = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in plain.chars().enumerate() {
        let left = plain.len() - i;
        let boundary = match lang {
            Lang::English => left.is_multiple_of(3),
            Lang::Nepali => left == 3 || (left > 3 && left % 2 == 1),
        };
        if i > 0 && boundary {
            text.push(',');
        }
        text.push(digit);
    }
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", digits(lang, text))
}

/// A share in percent, with one digit after the point unless it is whole.
pub(crate) fn percent(lang: Lang, part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "–".to_owned();
    }
    let tenths = (i128::from(part) * 2000 + i128::from(whole)) / (2 * i128::from(whole));
    let text = match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}"),
        (whole, tenth) => format!("{whole}.{tenth}"),
    };
    format!("{}\u{202f}%", digits(lang, text))
}

/// A duration in the largest unit that leaves a number above one.
pub(crate) fn duration(lang: Lang, seconds: f64) -> (String, Unit) {
    let (value, unit) = match seconds {
        s if s < 90.0 => (s, Unit::Seconds),
        s if s < 5400.0 => (s / 60.0, Unit::Minutes),
        s => (s / 3600.0, Unit::Hours),
    };
    let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    (digits(lang, text), unit)
}

/// `25 Nov, 10:42`.
pub(crate) fn time(lang: Lang, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&Kathmandu);
    let month = MONTHS[usize::from(lang == Lang::Nepali)][local.month0() as usize];
    digits(lang, format!("{} {month}, {:02}:{:02}", local.day(), local.hour(), local.minute()))
}

/// `25 Nov 2026, 10:42:07`.
pub(crate) fn exact(lang: Lang, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&Kathmandu);
    let month = MONTHS[usize::from(lang == Lang::Nepali)][local.month0() as usize];
    let (day, year) = (local.day(), local.year());
    digits(lang, format!("{day} {month} {year}, {}", local.format("%H:%M:%S")))
}

/// `10:42:07`.
pub(crate) fn clock(lang: Lang, at: DateTime<Utc>) -> String {
    digits(lang, at.with_timezone(&Kathmandu).format("%H:%M:%S").to_string())
}

/// A label of a time axis: the time, or for spans of days the day.
pub(crate) fn axis(lang: Lang, at: DateTime<Utc>, days: bool) -> String {
    let local = at.with_timezone(&Kathmandu);
    if days {
        let month = MONTHS[usize::from(lang == Lang::Nepali)][local.month0() as usize];
        return digits(lang, format!("{} {month}", local.day()));
    }
    digits(lang, format!("{:02}:{:02}", local.hour(), local.minute()))
}

/// A label of an axis of counts, short.
pub(crate) fn short(lang: Lang, value: f64) -> String {
    let text = match value {
        v if v >= 1_000_000.0 => format!("{:.1}M", v / 1_000_000.0),
        v if v >= 10_000.0 => format!("{:.0}k", v / 1000.0),
        // Four digits of Nepali are narrow enough, and a Latin letter beside them is not wanted.
        v if v >= 1000.0 && lang == Lang::English => format!("{}k", v / 1000.0),
        v if v.fract() > 0.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    };
    digits(lang, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_as_each_language_does() {
        let both = |n| (count(Lang::English, n), count(Lang::Nepali, n));
        assert_eq!(both(0), ("0".to_owned(), "०".to_owned()));
        assert_eq!(both(1234), ("1,234".to_owned(), "१,२३४".to_owned()));
        assert_eq!(both(12_345_678), ("12,345,678".to_owned(), "१,२३,४५,६७८".to_owned()));
    }

    #[test]
    fn the_labels_of_an_axis_stay_short() {
        let labels = [0.5, 500.0, 1000.0, 1500.0, 12_000.0, 2_500_000.0].map(|v| short(Lang::English, v));
        assert_eq!(labels, ["0.5", "500", "1k", "1.5k", "12k", "2.5M"]);
        assert_eq!(short(Lang::Nepali, 1500.0), "१५००");
    }

    #[test]
    fn shares_are_rounded_to_a_tenth() {
        assert_eq!(percent(Lang::English, 197, 209), "94.3\u{202f}%");
        assert_eq!(percent(Lang::English, 5, 5), "100\u{202f}%");
        assert_eq!(percent(Lang::Nepali, 1, 3), "३३.३\u{202f}%");
        assert_eq!(percent(Lang::English, 0, 0), "–");
    }

    #[test]
    fn times_are_those_of_nepal() {
        let at: DateTime<Utc> = "2026-11-25T18:20:07Z".parse().unwrap();
        assert_eq!(time(Lang::English, at), "26 Nov, 00:05");
        assert_eq!(exact(Lang::Nepali, at), "२६ नोभेम्बर २०२६, ००:०५:०७");
        assert_eq!(axis(Lang::English, at, true), "26 Nov");
    }

    #[test]
    fn durations_take_the_unit_that_suits() {
        assert_eq!(duration(Lang::English, 1.04), ("1.0".to_owned(), Unit::Seconds));
        assert_eq!(duration(Lang::English, 48.0), ("48".to_owned(), Unit::Seconds));
        assert_eq!(duration(Lang::English, 600.0), ("10".to_owned(), Unit::Minutes));
        assert_eq!(duration(Lang::Nepali, 7200.0), ("२.०".to_owned(), Unit::Hours));
    }
}
