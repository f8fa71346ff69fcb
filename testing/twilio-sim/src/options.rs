//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;

use crate::whatsapp::WhatsAppSender;

/// An API key and its secret, the alternative to Account SID and Auth Token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// `SK` and 32 hex digits, the user name of Basic auth.
    pub sid: String,
    /// The password of Basic auth.
    pub secret: String,
}

/// Why a `SID:SECRET` argument is not a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected SID:SECRET, both not empty")]
pub struct NotAPair;

impl FromStr for ApiKey {
    type Err = NotAPair;

    fn from_str(text: &str) -> Result<Self, NotAPair> {
        match text.split_once(':') {
            Some((sid, secret)) if !sid.is_empty() && !secret.is_empty() => {
                Ok(Self { sid: sid.to_owned(), secret: secret.to_owned() })
            }
            _ => Err(NotAPair),
        }
    }
}

/// Everything that can be set at start. [`Options::default`] listens on a free loopback port.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free port.
    pub listen: SocketAddr,
    /// The one account that exists, `AC` and 32 hex digits.
    pub account_sid: String,
    /// Its primary Auth Token, which also signs the callbacks.
    pub auth_token: String,
    /// Keys of the account (Standard keys: everything but reading the account itself).
    pub api_keys: Vec<ApiKey>,
    /// Test credentials: user is a second Account SID, password its token. Nothing they send is stored.
    pub test_credentials: Option<ApiKey>,
    /// Messaging Services that exist, `MG` and 32 hex digits each.
    pub messaging_services: Vec<String>,
    /// SMS senders of the account: E.164 numbers or alphanumeric sender IDs.
    pub senders: Vec<String>,
    /// WhatsApp senders of the account; every Messaging Service has them in its pool.
    pub whatsapp_senders: Vec<WhatsAppSender>,
    /// Messages per second of a WhatsApp sender, beyond which they fail with 63018; 0 means unlimited.
    pub whatsapp_mps: u32,
    /// WhatsApp messages of the account per 24 hours, beyond which Twilio answers 429 (63038).
    pub whatsapp_daily_cap: Option<u32>,
    /// Share of the WhatsApp messages that are read after they are delivered, 0 to 1.
    pub read_share: f64,
    /// Countries (ISO 3166 alpha-2) for which SMS is switched off, error 21408.
    pub geo_disabled: Vec<String>,
    /// Time between two steps of a message's life, and so between its callbacks.
    pub callback_delay: Duration,
    /// Added to every API answer.
    pub latency: Duration,
    /// Time until an accepted message shows up in lists.
    pub list_lag: Duration,
    /// Time between two changes of a template's approval for WhatsApp.
    pub approval_step: Duration,
    /// The zone of the local days that the ledger counts.
    pub day_zone: Tz,
    /// Seed of everything random: SIDs, probabilities of rules, shuffled callbacks.
    pub seed: u64,
    /// Whether the last four digits of a number select a fault (see the README's table).
    pub suffix_faults: bool,
    /// For load: counts stay exact, but only the newest messages are kept.
    pub fast: bool,
    /// A file that gets one line per accepted message and is read back at start.
    pub ledger_file: Option<PathBuf>,
    /// Threads of the server.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "0123456789abcdef0123456789abcdef".to_owned(),
            api_keys: Vec::new(),
            test_credentials: None,
            messaging_services: vec!["MG00000000000000000000000000000001".to_owned()],
            senders: vec!["+15005550006".to_owned(), "AAMCARE".to_owned()],
            whatsapp_senders: vec![WhatsAppSender::new("whatsapp:+14155238886")],
            whatsapp_mps: 80,
            whatsapp_daily_cap: None,
            read_share: 0.5,
            geo_disabled: Vec::new(),
            callback_delay: Duration::from_millis(100),
            latency: Duration::ZERO,
            list_lag: Duration::ZERO,
            approval_step: Duration::from_mins(10),
            day_zone: Tz::Asia__Kathmandu,
            seed: 1,
            suffix_faults: false,
            fast: false,
            ledger_file: None,
            threads: 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sid_and_secret() {
        let key: ApiKey = "SK1:a:b".parse().unwrap();
        assert_eq!((key.sid.as_str(), key.secret.as_str()), ("SK1", "a:b"));
        for bad in ["", "SK1", ":x", "SK1:"] {
            assert_eq!(bad.parse::<ApiKey>(), Err(NotAPair));
        }
    }
}
