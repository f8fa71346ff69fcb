//! Known days, and properties over all zones.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::*;

fn window(text: &str) -> Window {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_day_in_kathmandu() {
    let day = window("08:00-20:00 Asia/Kathmandu");
    // 5:45 ahead of UTC, all year.
    for (moment, open) in [
        ("2026-11-25T02:14:59Z", false),
        ("2026-11-25T02:15:00Z", true),
        ("2026-11-25T14:14:59Z", true),
        ("2026-11-25T14:15:00Z", false),
    ] {
        assert_eq!(day.contains(at(moment)), open, "{moment}");
    }
    assert_eq!(day.next_opening(at("2026-11-25T20:00:00Z")), at("2026-11-26T02:15:00Z"));
    assert_eq!(day.next_opening(at("2026-11-25T03:00:00.5Z")), at("2026-11-25T03:00:00.5Z"));
    assert_eq!(day.next_closing(at("2026-11-25T03:00:00.5Z")), Some(at("2026-11-25T14:15:00Z")));
    assert_eq!(day.local(at("2026-11-26T02:15:00Z")), "2026-11-26 08:00 Asia/Kathmandu");
}

#[test]
fn only_open_hours_are_counted() {
    let day = window("08:00-20:00 Asia/Kathmandu");
    let opening = at("2026-11-25T02:15:00Z");
    let needed = |segments, rate, from| day.time_needed(segments, rate, from).map(|d| d.as_secs());
    assert_eq!(needed(100, 10, opening), Some(10));
    assert_eq!(needed(101, 10, opening), Some(11));
    assert_eq!(needed(0, 10, opening - TimeDelta::hours(1)), Some(0));
    assert_eq!(needed(100, 10, opening - TimeDelta::hours(1)), Some(3610));
    // Twelve hours at ten a second are 432,000; the next one waits for the morning.
    assert_eq!(needed(432_000, 10, opening), Some(12 * 3600));
    assert_eq!(needed(432_010, 10, opening), Some(24 * 3600 + 1));
    assert_eq!(needed(5, 0, opening), None);
    assert_eq!(needed(u64::MAX, 1, opening), None);
    assert_eq!(Window::Always.time_needed(100, 10, opening), Some(Duration::from_secs(10)));
}

#[test]
fn the_clock_is_put_forward_and_back() {
    // Berlin skips 02:00-03:00 on 29 March 2026 and has it twice on 25 October.
    let night = window("02:15-02:45 Europe/Berlin");
    assert_eq!(night.next_opening(at("2026-03-28T12:00:00Z")), at("2026-03-30T00:15:00Z"));
    let late = window("02:30-04:00 Europe/Berlin");
    assert_eq!(late.next_opening(at("2026-03-28T12:00:00Z")), at("2026-03-29T01:00:00Z"));
    let twice = window("02:00-02:30 Europe/Berlin");
    assert_eq!(twice.next_opening(at("2026-10-24T12:00:00Z")), at("2026-10-25T00:00:00Z"));
    assert_eq!(twice.next_opening(at("2026-10-25T00:30:00Z")), at("2026-10-25T01:00:00Z"));
    assert_eq!(
        window("20:00-06:00 Europe/Berlin").next_closing(at("2026-03-29T00:00:00Z")),
        Some(at("2026-03-29T04:00:00Z"))
    );
}

#[test]
fn a_wrong_window_says_what_is_wrong() {
    for (text, word) in [
        ("08:00-20:00", "Asia/Kathmandu"),
        ("08:00 20:00 Asia/Kathmandu", "08:00-20:00"),
        ("8-20 Asia/Kathmandu", "time of the day"),
        ("08:00-25:00 Asia/Kathmandu", "25:00"),
        ("08:00-20:00 Kathmandu", "time zone"),
        ("08:00-08:00 Asia/Kathmandu", "always"),
    ] {
        let error = text.parse::<Window>().unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
    assert_eq!(window("  "), Window::Always);
    assert_eq!(window("00:00-24:00 Asia/Kathmandu"), Window::Always);
    assert_eq!(window("18:00-24:00 UTC").to_string(), "18:00-00:00 UTC");
}

prop_compose! {
    fn hours()(opens in 0..1440i64, length in 1..1440i64, zone in 0..TZ_VARIANTS.len()) -> Hours {
        Hours { opens: opens * 60, closes: (opens + length) % 1440 * 60, zone: TZ_VARIANTS[zone] }
    }
}

prop_compose! {
    fn moment()(seconds in 0..4_000_000_000i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }
}

proptest! {
    #[test]
    fn shown_and_read_it_is_the_same(hours in hours()) {
        let window = Window::Daily(hours);
        prop_assert_eq!(window.to_string().parse::<Window>(), Ok(window));
    }

    #[test]
    fn the_next_opening_is_the_first(hours in hours(), from in moment()) {
        let window = Window::Daily(hours);
        let opening = window.next_opening(from);
        prop_assert!(window.contains(opening) && opening >= from);
        let mut minute = from;
        while minute < opening {
            prop_assert!(!window.contains(minute), "open at {}", minute);
            minute += TimeDelta::minutes(1);
        }
        if opening > from {
            prop_assert!(!window.contains(opening - TimeDelta::seconds(1)));
        }
    }

    #[test]
    fn the_next_closing_is_the_first(hours in hours(), from in moment()) {
        let window = Window::Daily(hours);
        let closing = window.next_closing(from).unwrap();
        prop_assert!(!window.contains(closing) && closing >= from);
        if closing > from {
            prop_assert!(window.contains(closing - TimeDelta::seconds(1)));
        }
    }

    #[test]
    fn work_takes_its_open_time(hours in hours(), from in moment(), segments in 0..100_000u64, rate in 1..20u32) {
        let window = Window::Daily(hours);
        let needed = window.time_needed(segments, rate, from).unwrap();
        prop_assert!(needed.as_secs() >= segments.div_ceil(u64::from(rate)));
        let more = window.time_needed(segments + u64::from(rate), rate, from).unwrap();
        prop_assert!(more > needed);
        let end = from + TimeDelta::from_std(needed).unwrap();
        prop_assert!(segments == 0 || window.contains(end - TimeDelta::seconds(1)));
    }
}
