use shared::domain::PeopleLimit;

use super::*;
use crate::counts::Channels;

fn estimate(segments: u64, send_rate: u32, rate: Option<u32>, window: &str) -> Estimate {
    let settings =
        Settings { price: Price(0.15), send_rate, window: window.parse().unwrap(), ..Settings::of_nothing() };
    let mut counts = Counts::default();
    counts.enqueued.segments = segments;
    counts.enqueued.total = segments;
    // 19:20 in Kathmandu.
    let now = "2026-11-25T13:35:00Z".parse().unwrap();
    Estimate::of(&counts, &settings, rate.and_then(NonZeroU32::new), now)
}

#[test]
fn cost_and_time_follow_the_segments() {
    let always = estimate(11_702, 10, None, "");
    assert_eq!((always.cost_usd, always.seconds, always.hours()), (1755.30, Some(1171), None));
    assert!(always.time().contains("20 minutes") && always.time().contains("10 segments"));
    assert_eq!(estimate(5, 0, None, "").seconds, None);
    assert_eq!(estimate(0, 10, None, "").seconds, Some(0));
    let slow = estimate(100, 10, Some(1), "");
    assert!(
        slow.seconds == Some(100) && slow.time().ends_with("1 users a second (--rate)"),
        "{}",
        slow.time()
    );
}

#[test]
fn a_run_that_does_not_fit_into_today_ends_tomorrow() {
    let today = estimate(1000, 1, None, "08:00-20:00 Asia/Kathmandu").hours().unwrap();
    assert!(today.ends_with("ends 2026-11-25 19:36"), "{today}");
    let tomorrow = estimate(3000, 1, None, "08:00-20:00 Asia/Kathmandu").hours().unwrap();
    assert!(tomorrow.contains("begun 2026-11-25 19:20"), "{tomorrow}");
    assert!(tomorrow.ends_with("ends 2026-11-26 08:10"), "{tomorrow}");
}

/// Many messages by WhatsApp, and some that find it full.
fn mixed(sms_after_waiting: u64, channel_full: u64, change: impl FnOnce(&mut Settings)) -> Estimate {
    let mut settings = Settings {
        price: Price(0.30),
        window: "".parse().unwrap(),
        channels: "welcome=whatsapp,sms".parse().unwrap(),
        people: PeopleLimit::Fixed(100),
        ..Settings::of_nothing()
    };
    change(&mut settings);
    let mut counts = Counts::default();
    counts.enqueued.total = 1_000;
    counts.enqueued.segments = 400;
    counts.enqueued.channel_full = channel_full;
    counts.enqueued.channels = Channels {
        sms: 400,
        sms_after_waiting,
        whatsapp: 600,
        whatsapp_categories: [("marketing", 100), ("other", 20), ("utility", 480)]
            .map(|(category, messages)| (category.into(), messages))
            .into(),
        segments_in_place: 600,
    };
    Estimate::of(&counts, &settings, None, "2026-11-25T13:35:00Z".parse().unwrap())
}

#[test]
fn each_channel_has_its_cost_and_time() {
    let both = mixed(0, 0, |_| {});
    let [whatsapp, sms] = &both.channels[..] else { panic!("two channels") };
    assert_eq!((whatsapp.channel, whatsapp.messages, whatsapp.unpriced), ("whatsapp", 600, 20));
    assert_eq!((whatsapp.cost_usd, whatsapp.seconds, whatsapp.people_per_day), (12.12, Some(60), Some(100)));
    assert_eq!((sms.channel, sms.messages, sms.cost_usd, sms.seconds), ("sms", 400, 120.0, Some(40)));
    assert_eq!((both.cost_usd, both.fallback_cost_usd, both.seconds), (132.12, 180.0, Some(60)));
    assert!(both.time().ends_with("10 messages a second (WHATSAPP_RATE)"), "{}", both.time());
    let alone = mixed(0, 0, |settings| settings.channels = "welcome=whatsapp".parse().unwrap());
    assert_eq!((alone.channels.len(), alone.fallback_cost_usd), (1, 0.0));
}

#[test]
fn those_who_find_whatsapp_full_take_longer() {
    let waited = mixed(50, 0, |_| {});
    assert_eq!(waited.seconds, Some(4 * 3600));
    assert!(waited.time().contains("FALLBACK_WITHIN 4h"), "{}", waited.time());
    let full = mixed(0, 250, |settings| settings.channels = "welcome=whatsapp".parse().unwrap());
    assert_eq!((full.seconds, full.channels[0].seconds), (Some(75 * 3600), Some(75 * 3600)));
    assert!(full.time().contains("100 people a day"), "{}", full.time());
    assert_eq!(full.ends_at, Some("2026-11-28T16:35:00Z".parse().unwrap()));
}
