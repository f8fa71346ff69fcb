//! The expected cost of the messages, and the time at which the worker will have sent them.

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::{
    domain::Channel,
    templates::{Category, segments::Price},
    window::Window,
};

use crate::{context::Settings, counts::Counts};

/// How long a WhatsApp message counts against the limit of people.
const PEOPLE_COUNT_FOR: u64 = 25 * 3600;

/// An estimate for the messages of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Estimate {
    /// The price of one segment.
    pub(crate) price_usd: f64,
    /// The cost of the run, rounded to cents.
    pub(crate) cost_usd: f64,
    /// The additional cost if no message by WhatsApp arrives, and all go by SMS.
    pub(crate) fallback_cost_usd: f64,
    /// Segments per second; 0: unlimited.
    pub(crate) send_rate: u32,
    /// Time to send at the slowest of the limits. None if none applies.
    pub(crate) seconds: Option<u64>,
    /// BACKFILL_WINDOW.
    pub(crate) window: String,
    /// When the last message is sent, if the run begins now and waits while the window is closed.
    pub(crate) ends_at: Option<DateTime<Utc>>,
    /// By channel that `CHANNELS` lists for welcomes.
    pub(crate) channels: Vec<ChannelEstimate>,
    /// The limit that determines the time, for the text report.
    #[serde(skip)]
    limit: String,
    #[serde(skip)]
    clock: Option<Clock>,
}

/// An estimate for the messages by one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ChannelEstimate {
    pub(crate) channel: &'static str,
    pub(crate) messages: u64,
    /// Rounded to cents. Messages without a known price count as free.
    pub(crate) cost_usd: f64,
    /// Messages without a known price.
    pub(crate) unpriced: u64,
    /// Messages, of SMS segments, per second; 0: unlimited.
    pub(crate) per_second: u32,
    /// Time to send them at this rate, and by WhatsApp within the limit of people. None: unlimited.
    pub(crate) seconds: Option<u64>,
    /// Of WhatsApp: people in 24 hours, at most. None: any number.
    pub(crate) people_per_day: Option<u32>,
}

/// Now and the end, in the time zone of the window.
#[derive(Debug, Clone, PartialEq)]
struct Clock {
    now: String,
    end: String,
}

/// What takes a time: sending at a rate, which waits while the window is closed, or a wait, which does not.
struct Limit {
    seconds: u64,
    waits: bool,
    words: String,
}

impl Estimate {
    /// The estimate for a run that enqueues `counts` at `rate` users a second, beginning at `now`.
    pub(crate) fn of(
        counts: &Counts,
        settings: &Settings,
        rate: Option<NonZeroU32>,
        now: DateTime<Utc>,
    ) -> Self {
        let limits = limits(counts, settings, rate);
        let slowest = limits.iter().max_by_key(|limit| limit.seconds);
        let ends_at = limits.iter().map(|limit| limit.end(&settings.window, now)).max().flatten();
        let clock =
            ends_at.map(|end| Clock { now: settings.window.local(now), end: settings.window.local(end) });
        let channels: Vec<ChannelEstimate> = settings
            .welcome_channels()
            .iter()
            .map(|channel| by_channel(*channel, counts, settings))
            .collect();
        let falls_back = settings.welcome_channels().contains(&Channel::Sms);
        let in_place = if falls_back { counts.enqueued.channels.segments_in_place } else { 0 };
        Self {
            price_usd: settings.price.0,
            cost_usd: cents(channels.iter().map(|channel| channel.cost_usd).sum()),
            fallback_cost_usd: cost(in_place, settings.price),
            send_rate: settings.send_rate,
            seconds: slowest.map(|limit| limit.seconds),
            window: settings.window.to_string(),
            ends_at,
            channels,
            limit: slowest.map(|limit| limit.words.clone()).unwrap_or_default(),
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

impl Limit {
    fn sending(work: u64, per_second: u32, words: String) -> Option<Self> {
        let seconds = (per_second > 0).then(|| work.div_ceil(u64::from(per_second)))?;
        Some(Self { seconds, waits: false, words })
    }

    /// When it is over. None: in more than a century.
    fn end(&self, window: &Window, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.waits {
            let over = now + TimeDelta::try_seconds(i64::try_from(self.seconds).ok()?)?;
            return Some(window.next_opening(over));
        }
        window.time_needed(self.seconds, 1, now).map(|needed| now + needed)
    }
}

/// Everything that limits the run. The first of two with the same time counts.
fn limits(counts: &Counts, settings: &Settings, rate: Option<NonZeroU32>) -> Vec<Limit> {
    let enqueued = &counts.enqueued;
    let (sms, whatsapp) = (settings.send_rate, settings.whatsapp_rate);
    let mut limits = Vec::new();
    if let Some(per_day) = settings.people_per_day().filter(|_| enqueued.channel_full > 0) {
        let seconds = people_wait(counts, per_day);
        let words = format!("{per_day} people a day (WHATSAPP_MAX_PEOPLE_PER_DAY)");
        limits.push(Limit { seconds, waits: true, words });
    }
    if enqueued.channels.sms_after_waiting > 0 {
        let within = humantime::format_duration(settings.fallback_within);
        let words = format!("most: so long welcomes wait for room on WhatsApp (FALLBACK_WITHIN {within})");
        limits.push(Limit { seconds: settings.fallback_within.as_secs(), waits: true, words });
    }
    if let Some(rate) = rate {
        let words = format!("{rate} users a second (--rate)");
        limits.extend(Limit::sending(enqueued.total, rate.get(), words));
    }
    if settings.welcome_channels().contains(&Channel::Whatsapp) {
        let words = format!("{whatsapp} messages a second (WHATSAPP_RATE)");
        limits.extend(Limit::sending(enqueued.channels.whatsapp, whatsapp, words));
    }
    let words = format!("{sms} segments a second (SEND_RATE)");
    limits.extend(Limit::sending(enqueued.segments, sms, words));
    limits
}

/// How long users wait until WhatsApp has room for them.
fn people_wait(counts: &Counts, per_day: u32) -> u64 {
    counts.enqueued.channel_full.div_ceil(u64::from(per_day.max(1))) * PEOPLE_COUNT_FOR
}

fn by_channel(channel: Channel, counts: &Counts, settings: &Settings) -> ChannelEstimate {
    let enqueued = &counts.enqueued;
    let at = |work: u64, rate: u32| (rate > 0).then(|| work.div_ceil(u64::from(rate)));
    match channel {
        Channel::Sms => ChannelEstimate {
            channel: channel.as_str(),
            messages: enqueued.channels.sms,
            cost_usd: cost(enqueued.segments, settings.price),
            unpriced: 0,
            per_second: settings.send_rate,
            seconds: at(enqueued.segments, settings.send_rate),
            people_per_day: None,
        },
        Channel::Whatsapp => {
            let (mut cost_usd, mut unpriced) = (0.0, 0);
            for (category, messages) in &enqueued.channels.whatsapp_categories {
                let known =
                    Category::of_twilio(category).and_then(|known| settings.whatsapp_prices.of(known));
                match known {
                    Some(price) => cost_usd += float(*messages) * price.0,
                    None => unpriced += messages,
                }
            }
            let per_day = settings.people_per_day();
            let waits = per_day.map_or(0, |per_day| people_wait(counts, per_day));
            let sending = at(enqueued.channels.whatsapp, settings.whatsapp_rate);
            ChannelEstimate {
                channel: channel.as_str(),
                messages: enqueued.channels.whatsapp,
                cost_usd: cents(cost_usd),
                unpriced,
                per_second: settings.whatsapp_rate,
                seconds: sending.max((waits > 0).then_some(waits)),
                people_per_day: per_day,
            }
        }
    }
}

fn cost(segments: u64, price: Price) -> f64 {
    cents(float(segments) * price.0)
}

fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

/// A count as a float. Counts above 4,294,967,295 are capped at it.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
