//! The worker's configuration, checked as a whole before anything starts.

mod accounts;
mod admin;
mod checks;
mod inbox;
mod retention;
mod role;
mod stop_links;
mod timing;
mod twilio;
mod wait_rules;
mod whatsapp;

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;
use shared::{
    config::{Broker, DatabaseUrl, Env, Faults, any_base_url, insecure_allowed, settings},
    erasure::ErasureKey,
    phone::NumberPolicy,
    telemetry::{LogFormat, log_format},
    templates::{Language, segments::Price},
    window::Window,
};

#[cfg(test)]
pub(crate) use accounts::Accounts;
pub(crate) use accounts::{Account, is_name};
pub(crate) use admin::{AdminConfig, ProxyConfig};
pub(crate) use inbox::{InboxConfig, keys as inbox_keys};
pub(crate) use retention::Retention;
pub(crate) use role::{Act, Role};
pub(crate) use stop_links::{StopLinkBase, StopLinks, help_line};
pub(crate) use timing::{Timing, UnknownPolicy};
pub(crate) use twilio::{TwilioConfig, log_key};
use url::Url;
pub(crate) use wait_rules::WaitRules;
pub(crate) use whatsapp::{WhatsappConfig, channel_plan, whatsapp_prices};

/// How a number becomes registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Twilio Lookup v2.
    Lookup,
    /// Our own validation only.
    None,
}

/// Numbers, languages and countries.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    pub(crate) numbers: NumberPolicy,
    pub(crate) language: Language,
}

/// How fast, and how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Twilio calls in flight, at most.
    pub(crate) concurrency: usize,
    /// Message segments per second of all workers together; 0: unlimited.
    pub(crate) segments_per_second: u32,
    /// Messages per day of Asia/Kathmandu; 0: unlimited.
    pub(crate) messages_per_day: i32,
    /// Deliveries in hand per lane.
    pub(crate) prefetch: u16,
}

/// Everything `worker run` needs.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) database: DatabaseUrl,
    pub(crate) broker: Broker,
    /// Whether events are published for the portal.
    pub(crate) events_out: bool,
    pub(crate) twilio: TwilioConfig,
    pub(crate) method: Method,
    pub(crate) audience: Audience,
    pub(crate) pace: Pace,
    pub(crate) timing: Timing,
    /// Hours of the backfill lane.
    pub(crate) backfill_window: Window,
    pub(crate) waits: WaitRules,
    pub(crate) retention: Retention,
    /// The time between two runs of the worker's deletions. None: only `worker prune` deletes.
    pub(crate) prune_interval: Option<Duration>,
    pub(crate) ops_addr: SocketAddr,
    pub(crate) webhook_addr: SocketAddr,
    /// None: messages carry no code, and there is no page.
    pub(crate) stop_links: Option<StopLinks>,
    /// A number that texts and the stop page name for help.
    pub(crate) help_line: Option<String>,
    /// None: inbound messages are not taken.
    pub(crate) inbox: Option<InboxConfig>,
    /// Of the digests of erased people.
    pub(crate) erasure: Option<ErasureKey>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// None: no dashboard.
    pub(crate) admin: Option<AdminConfig>,
    pub(crate) log_format: LogFormat,
    /// Where traces go; none: nowhere.
    pub(crate) otlp_endpoint: Option<Url>,
    /// What a segment is assumed to cost.
    pub(crate) segment_price: Price,
    pub(crate) whatsapp: WhatsappConfig,
}

impl Config {
    /// Reads and checks everything; all faults are reported at once.
    pub(crate) fn read(mut env: Env) -> Result<Self, Faults> {
        let env = &mut env;
        let insecure = &insecure_allowed(env);
        let trusted_proxies = admin::trusted(env);
        let twilio = TwilioConfig::read(env, insecure);
        let audience = audience(env);
        let config = Self {
            database: DatabaseUrl::read(env, &settings::DATABASE_URL, insecure),
            broker: Broker::read(env, insecure),
            events_out: env.flag(&settings::EVENTS_OUT),
            whatsapp: WhatsappConfig::read(env, twilio.sender().ok()),
            twilio,
            method: method(env),
            audience: audience.clone(),
            pace: pace(env),
            timing: Timing::read(env),
            backfill_window: env.parse_blank(&settings::BACKFILL_WINDOW).unwrap_or_default(),
            waits: WaitRules::read(env),
            retention: Retention::read(env),
            prune_interval: retention::interval(env),
            ops_addr: address(env, &settings::OPS_ADDR),
            webhook_addr: address(env, &settings::WEBHOOK_ADDR),
            stop_links: StopLinks::read(env),
            help_line: help_line(env),
            inbox: InboxConfig::read(env, &audience.numbers),
            erasure: ErasureKey::read(env),
            admin: AdminConfig::read(env, &trusted_proxies),
            trusted_proxies,
            log_format: log_format(env),
            otlp_endpoint: otlp_endpoint(env),
            segment_price: env.value(&settings::SMS_PRICE_USD),
        };
        checks::check(env, &config.twilio, &config.timing);
        if let Some(admin) = &config.admin {
            checks::check_admin(
                env,
                admin.addr,
                [(config.ops_addr, "OPS_ADDR"), (config.webhook_addr, "WEBHOOK_ADDR")],
            );
        }
        std::mem::replace(env, Env::of::<String, String>([])).finish(config)
    }
}

pub(crate) fn audience(env: &mut Env) -> Audience {
    Audience {
        numbers: NumberPolicy::read(env),
        language: env.parse(&settings::DEFAULT_LANGUAGE).unwrap_or(Language::Ne),
    }
}

fn method(env: &mut Env) -> Method {
    match env.text(&settings::REGISTRATION_METHOD).as_str() {
        "lookup" => Method::Lookup,
        "none" => Method::None,
        other => {
            env.fault(
                settings::REGISTRATION_METHOD.name,
                format_args!("{other:?} is neither `lookup` nor `none`"),
            );
            Method::Lookup
        }
    }
}

fn pace(env: &mut Env) -> Pace {
    let concurrency: usize = env.value(&settings::WORKER_CONCURRENCY);
    if !(1..=4096).contains(&concurrency) {
        env.fault(settings::WORKER_CONCURRENCY.name, "must lie between 1 and 4096");
    }
    let rate: u32 = env.value(&settings::SEND_RATE);
    let messages_per_day = env.value::<u32>(&settings::MAX_MESSAGES_PER_DAY);
    Pace {
        concurrency,
        segments_per_second: rate,
        messages_per_day: i32::try_from(messages_per_day).unwrap_or(i32::MAX),
        prefetch: prefetch(concurrency, rate),
    }
}

/// Enough to keep every permit busy, yet no more than the rate drains in 15 s. It is the rate of all workers: where ten
/// share it, the last prefetched delivery of both lanes waits for five minutes, and must never come near the
/// broker's consumer timeout (30 min; RabbitMQ docs, consumers).
fn prefetch(concurrency: usize, rate: u32) -> u16 {
    let busy = concurrency.saturating_mul(2).saturating_add(64);
    let drained = if rate == 0 { usize::MAX } else { (rate as usize).saturating_mul(15) };
    u16::try_from(busy.min(drained).max(1)).unwrap_or(u16::MAX)
}

/// Plain HTTP is allowed: no span holds personal data, and collectors run beside the worker.
fn otlp_endpoint(env: &mut Env) -> Option<Url> {
    env.optional(&settings::OTEL_EXPORTER_OTLP_ENDPOINT)?;
    any_base_url(env, &settings::OTEL_EXPORTER_OTLP_ENDPOINT)
}

fn address(env: &mut Env, setting: &shared::config::Setting) -> SocketAddr {
    env.parse(setting).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
}

#[cfg(test)]
mod tests;
