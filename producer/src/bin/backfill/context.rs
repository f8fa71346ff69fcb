//! What every part of the command needs: the settings, the arguments, the database.

use std::time::Duration;

use shared::{
    config::{DatabaseUrl, Env, Insecure, consent_required, people_limit, settings},
    domain::{Channel, ChannelPlan, MessageKind, MessagingLimit, PeopleLimit, Route},
    phone::NumberPolicy,
    telemetry::{self, LogFormat},
    templates::{CategoryPrices, Language, segments::Price},
    window::Window,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::args::Args;

/// What every part of the command needs.
pub(crate) struct Context {
    pub(crate) pool: PgPool,
    pub(crate) settings: Settings,
    pub(crate) args: Args,
    /// Cancelled by Ctrl-C or SIGTERM.
    pub(crate) stop: CancellationToken,
}

/// The settings of one backfill.
pub(crate) struct Settings {
    pub(crate) database: DatabaseUrl,
    pub(crate) numbers: NumberPolicy,
    pub(crate) language: Language,
    pub(crate) price: Price,
    /// Segments per second; 0: unlimited.
    pub(crate) send_rate: u32,
    /// Hours in which the worker sends.
    pub(crate) window: Window,
    /// The welcome needs a consent of its own, beside the signup.
    pub(crate) consent_required: bool,
    /// The channels of each kind of message.
    pub(crate) channels: ChannelPlan,
    /// WhatsApp messages per second; 0: unlimited.
    pub(crate) whatsapp_rate: u32,
    /// How many people WhatsApp may write to.
    pub(crate) people: PeopleLimit,
    /// What Twilio reports of the WhatsApp sender, as the workers read it.
    pub(crate) reported: Option<MessagingLimit>,
    pub(crate) whatsapp_prices: CategoryPrices,
    /// So long a welcome waits for room on WhatsApp before it goes by SMS.
    pub(crate) fallback_within: Duration,
    /// The text before the code of a stop link in a message. None: stop links are off.
    pub(crate) stop_address: Option<String>,
    pub(crate) help_line: Option<String>,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    pub(crate) fn read(env: &mut Env, insecure: &Insecure) -> Self {
        let stop_address = env.optional(&settings::STOP_LINK_BASE).map(|base| printed(&base));
        let help_line = env.optional(&settings::HELP_LINE).filter(|_| stop_address.is_some());
        Self {
            database: DatabaseUrl::read(env, &settings::DATABASE_URL, insecure),
            numbers: NumberPolicy::read(env),
            language: env.parse(&settings::DEFAULT_LANGUAGE).unwrap_or(Language::Ne),
            price: env.value(&settings::SMS_PRICE_USD),
            send_rate: env.value(&settings::SEND_RATE),
            window: env.parse_blank(&settings::BACKFILL_WINDOW).unwrap_or_default(),
            consent_required: consent_required(env),
            channels: env.value(&settings::CHANNELS),
            whatsapp_rate: env.value(&settings::WHATSAPP_RATE),
            people: people_limit(env),
            reported: None,
            whatsapp_prices: env.value(&settings::WHATSAPP_PRICE_USD),
            fallback_within: env.duration(&settings::FALLBACK_WITHIN),
            stop_address,
            help_line,
            log_format: telemetry::log_format(env),
        }
    }

    /// How many people WhatsApp may write to in 24 hours. None: any number.
    pub(crate) fn people_per_day(&self) -> Option<u32> {
        self.people.per_day(self.reported)
    }

    /// The channels of welcomes, in order.
    pub(crate) fn welcome_channels(&self) -> &[Channel] {
        match self.channels.of(MessageKind::Welcome) {
            Route::Listed(channels) => channels,
            Route::Same => &[],
        }
    }

    /// The defaults, with a database URL that is never used.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self::read(&mut Env::of([("DATABASE_URL", "postgres://localhost/nothing")]), &Insecure::Nowhere)
    }
}

/// An address as messages print it, up to the code: without its scheme, and with a slash at its end.
fn printed(base: &str) -> String {
    let base = base.split_once("://").map_or(base, |(_scheme, rest)| rest);
    format!("{}/", base.trim_end_matches('/'))
}
