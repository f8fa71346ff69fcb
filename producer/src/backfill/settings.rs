//! What `backfill` reads from the environment.

use std::str::FromStr;

use producer::command::Numbers;
use shared::{
    config::{DatabaseUrl, Env, Setting, settings},
    message::Language,
    telemetry::{self, LogFormat},
};

const SMS_PRICE_USD: Setting = Setting::new("SMS_PRICE_USD", "0.30", "price of a segment, for the estimate");
const SEND_RATE: Setting = Setting::new("SEND_RATE", "10", "message segments per second; 0: unlimited");
const DEFAULT_LANGUAGE: Setting = Setting::new("DEFAULT_LANGUAGE", "ne", "language of the welcome: ne or en");

/// The settings of one backfill.
pub(crate) struct Settings {
    pub(crate) database: DatabaseUrl,
    pub(crate) numbers: Numbers,
    pub(crate) language: Language,
    pub(crate) price: Price,
    /// Segments per second; 0: unlimited.
    pub(crate) send_rate: u32,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    pub(crate) fn read(env: &mut Env, insecure: bool) -> Self {
        Self {
            database: DatabaseUrl::read(env, &settings::DATABASE_URL, insecure),
            numbers: Numbers::read(env),
            language: env.parse(&DEFAULT_LANGUAGE).unwrap_or(Language::Ne),
            price: env.value(&SMS_PRICE_USD),
            send_rate: env.value(&SEND_RATE),
            log_format: telemetry::log_format(env),
        }
    }
}

/// US dollars for one segment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Price(pub(crate) f64);

impl FromStr for Price {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let usd: f64 = text.parse().map_err(|_| "not a number")?;
        if usd.is_finite() && usd >= 0.0 { Ok(Self(usd)) } else { Err("not a price") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_not_negative() {
        assert_eq!("0.15".parse(), Ok(Price(0.15)));
        for bad in ["-1", "NaN", "inf", "cheap", ""] {
            assert!(bad.parse::<Price>().is_err(), "{bad}");
        }
    }
}
