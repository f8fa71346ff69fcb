//! What every part of the command needs: the settings, the arguments, the database.

use shared::{
    config::{DatabaseUrl, Env, Insecure, consent_required, settings},
    phone::NumberPolicy,
    telemetry::{self, LogFormat},
    templates::{Language, segments::Price},
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
    pub(crate) log_format: LogFormat,
}

impl Settings {
    pub(crate) fn read(env: &mut Env, insecure: &Insecure) -> Self {
        Self {
            database: DatabaseUrl::read(env, &settings::DATABASE_URL, insecure),
            numbers: NumberPolicy::read(env),
            language: env.parse(&settings::DEFAULT_LANGUAGE).unwrap_or(Language::Ne),
            price: env.value(&settings::SMS_PRICE_USD),
            send_rate: env.value(&settings::SEND_RATE),
            window: env.parse_blank(&settings::BACKFILL_WINDOW).unwrap_or_default(),
            consent_required: consent_required(env),
            log_format: telemetry::log_format(env),
        }
    }

    /// The defaults, with a database URL that is never used.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self::read(&mut Env::of([("DATABASE_URL", "postgres://localhost/nothing")]), &Insecure::Nowhere)
    }
}
