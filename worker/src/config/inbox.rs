//! What people write to us.

use std::time::Duration;

use shared::config::{Env, settings};

use crate::inbox::Keyring;

/// Everything about inbound messages.
#[derive(Debug, Clone)]
pub(crate) struct InboxConfig {
    pub(crate) keys: Keyring,
    /// The time between two searches in Twilio's list. None: it is not searched.
    pub(crate) reconcile: Option<Duration>,
}

impl InboxConfig {
    /// None without `INBOX_KEY`, or after a fault.
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let reconcile = env.duration(&settings::INBOUND_RECONCILE);
        let keys = keys(env)?;
        if env.optional(&settings::PUBLIC_URL).is_none() {
            env.fault(
                settings::INBOX_KEY.name,
                "needs PUBLIC_URL, the address that Twilio signs its requests for",
            );
        }
        Some(Self { keys, reconcile: (!reconcile.is_zero()).then_some(reconcile) })
    }
}

/// `INBOX_KEY`. None: it is not set, or it is faulty.
pub(crate) fn keys(env: &mut Env) -> Option<Keyring> {
    let text = env.secret(&settings::INBOX_KEY)?;
    Keyring::parse(&text, "inbox")
        .map_err(|why| env.fault(settings::INBOX_KEY.name, format_args!("each key {why}")))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const URL: (&str, &str) = ("PUBLIC_URL", "https://sms.example.com");

    fn read(vars: &[(&str, &str)]) -> Result<Option<InboxConfig>, String> {
        let mut env = Env::of(vars.iter().copied());
        let inbox = InboxConfig::read(&mut env);
        env.finish(inbox).map_err(|faults| faults.to_string())
    }

    #[test]
    fn without_a_key_inbound_messages_are_not_taken() {
        assert!(read(&[URL]).unwrap().is_none());
        let inbox = read(&[URL, ("INBOX_KEY", KEY)]).unwrap().unwrap();
        assert_eq!(inbox.reconcile, Some(Duration::from_secs(600)));
        let off = read(&[URL, ("INBOX_KEY", KEY), ("INBOUND_RECONCILE", "0")]).unwrap().unwrap();
        assert_eq!(off.reconcile, None);
    }

    #[test]
    fn a_faulty_key_is_named_and_not_shown() {
        for bad in ["s3cret", &format!("{KEY},s3cret")] {
            let why = read(&[URL, ("INBOX_KEY", bad)]).unwrap_err();
            assert!(why.contains("INBOX_KEY: each key must be 32 bytes") && !why.contains("s3cret"), "{why}");
        }
        let why = read(&[("INBOX_KEY", KEY)]).unwrap_err();
        assert!(why.contains("INBOX_KEY: needs PUBLIC_URL"), "{why}");
    }
}
