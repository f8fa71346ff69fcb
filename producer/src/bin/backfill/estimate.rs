//! The expected cost of the messages, and the time at which the worker will have sent them.

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::window::Window;

use crate::{context::Settings, counts::Counts};

/// An estimate for the messages of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Estimate {
    /// The price of one segment.
    pub(crate) price_usd: f64,
    /// The cost of the run, rounded to cents.
    pub(crate) cost_usd: f64,
    /// Segments per second; 0: unlimited.
    pub(crate) send_rate: u32,
    /// Time to send at the slower of this rate and `--rate`. None if neither limits.
    pub(crate) seconds: Option<u64>,
    /// BACKFILL_WINDOW.
    pub(crate) window: String,
    /// When the last message is sent, if the run begins now and waits while the window is closed.
    pub(crate) ends_at: Option<DateTime<Utc>>,
    /// The limit that determines the time, for the text report.
    #[serde(skip)]
    limit: String,
    #[serde(skip)]
    clock: Option<Clock>,
}

/// Now and the end, in the time zone of the window.
#[derive(Debug, Clone, PartialEq)]
struct Clock {
    now: String,
    end: String,
}

impl Estimate {
    /// The estimate for a run that enqueues `counts` at `rate` users a second, beginning at `now`.
    pub(crate) fn of(
        counts: &Counts,
        settings: &Settings,
        rate: Option<NonZeroU32>,
        now: DateTime<Utc>,
    ) -> Self {
        let segments = counts.enqueued.segments;
        let at = |work: u64, rate: u32| (rate > 0).then(|| work.div_ceil(u64::from(rate)));
        let sending = at(segments, settings.send_rate);
        let enqueueing = rate.and_then(|rate| at(counts.enqueued.total, rate.get()));
        let seconds = sending.max(enqueueing);
        let limit = match rate {
            Some(rate) if enqueueing > sending => format!("{rate} users a second (--rate)"),
            _ => format!("{} segments a second (SEND_RATE)", settings.send_rate),
        };
        let needed = seconds.and_then(|seconds| settings.window.time_needed(seconds, 1, now));
        let ends_at = needed.map(|needed| now + needed);
        let clock =
            ends_at.map(|end| Clock { now: settings.window.local(now), end: settings.window.local(end) });
        Self {
            price_usd: settings.price.0,
            cost_usd: (float(segments) * settings.price.0 * 100.0).round() / 100.0,
            send_rate: settings.send_rate,
            seconds,
            window: settings.window.to_string(),
            ends_at,
            limit,
            clock: clock.filter(|_| settings.window != Window::Always),
        }
    }

    /// Such as `about 19 minutes at 10 segments a second (SEND_RATE)`.
    pub(crate) fn time(&self) -> String {
        match self.seconds {
            None => "as fast as Twilio accepts (SEND_RATE is 0)".to_owned(),
            Some(seconds) => {
                let whole = indicatif::HumanDuration(Duration::from_secs(seconds));
                format!("about {whole} at {}", self.limit)
            }
        }
    }

    /// Such as `08:00-20:00 Asia/Kathmandu (BACKFILL_WINDOW): begun 2026-11-25 19:20, ends 2026-11-26 08:25`.
    pub(crate) fn hours(&self) -> Option<String> {
        let clock = self.clock.as_ref()?;
        let without_zone =
            |time: &str| time.rsplit_once(' ').map_or_else(String::new, |(time, _)| time.to_owned());
        let (now, end) = (without_zone(&clock.now), without_zone(&clock.end));
        Some(format!("{} (BACKFILL_WINDOW): begun {now}, ends {end}", self.window))
    }
}

/// A count as a float. Counts above 4,294,967,295 are capped at it.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::templates::segments::Price;

    fn estimate(segments: u64, send_rate: u32, rate: Option<u32>, window: &str) -> Estimate {
        let settings = Settings {
            price: Price(0.15),
            send_rate,
            window: window.parse().unwrap(),
            ..Settings::of_nothing()
        };
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
}
