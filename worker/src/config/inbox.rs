//! What people write to us.

use std::time::Duration;

use shared::{
    config::{Env, settings},
    phone::{E164, NumberPolicy},
    window::Window,
};

use crate::inbox::Keyring;

/// Everything about inbound messages.
#[derive(Debug, Clone)]
pub(crate) struct InboxConfig {
    pub(crate) keys: Keyring,
    /// The time between two searches in Twilio's list. None: it is not searched.
    pub(crate) reconcile: Option<Duration>,
    /// Automatic answers to one person within an hour, at most.
    pub(crate) replies_per_hour: u32,
    /// When staff read messages.
    pub(crate) staff_hours: Window,
    /// Who gets an SMS when an urgent message waits.
    pub(crate) staff_phones: Vec<E164>,
}

impl InboxConfig {
    /// None without `INBOX_KEY`, or after a fault.
    pub(crate) fn read(env: &mut Env, numbers: &NumberPolicy) -> Option<Self> {
        let reconcile = env.duration(&settings::INBOUND_RECONCILE);
        let replies_per_hour = env.value(&settings::REPLIES_PER_HOUR);
        let staff_hours = env.parse_blank(&settings::STAFF_HOURS).unwrap_or_default();
        let staff_phones = staff_phones(env, numbers);
        let keys = keys(env)?;
        if env.optional(&settings::PUBLIC_URL).is_none() {
            env.fault(
                settings::INBOX_KEY.name,
                "needs PUBLIC_URL, the address that Twilio signs its requests for",
            );
        }
        let reconcile = (!reconcile.is_zero()).then_some(reconcile);
        Some(Self { keys, reconcile, replies_per_hour, staff_hours, staff_phones })
    }
}

fn staff_phones(env: &mut Env, numbers: &NumberPolicy) -> Vec<E164> {
    let text = env.optional(&settings::STAFF_PHONES).unwrap_or_default();
    let mut phones = Vec::new();
    for (place, number) in text.split(',').map(str::trim).filter(|number| !number.is_empty()).enumerate() {
        match numbers.textable(number, None) {
            Ok(phone) => phones.push(phone.e164),
            // The number itself is not shown: it is a person's.
            Err(why) => env.fault(
                settings::STAFF_PHONES.name,
                format_args!("number {} cannot be texted: {why}", place + 1),
            ),
        }
    }
    phones
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
        let numbers = NumberPolicy::read(&mut env);
        let inbox = InboxConfig::read(&mut env, &numbers);
        env.finish(inbox).map_err(|faults| faults.to_string())
    }

    #[test]
    fn without_a_key_inbound_messages_are_not_taken() {
        assert!(read(&[URL]).unwrap().is_none());
        let inbox = read(&[URL, ("INBOX_KEY", KEY)]).unwrap().unwrap();
        assert_eq!(inbox.reconcile, Some(Duration::from_secs(600)));
        assert_eq!((inbox.replies_per_hour, inbox.staff_phones.len()), (3, 0));
        let off = read(&[URL, ("INBOX_KEY", KEY), ("INBOUND_RECONCILE", "0")]).unwrap().unwrap();
        assert_eq!(off.reconcile, None);
    }

    #[test]
    fn numbers_of_staff_are_read_as_those_of_people_and_a_faulty_one_is_not_shown() {
        let phones = |text| read(&[URL, ("INBOX_KEY", KEY), ("STAFF_PHONES", text)]);
        let inbox = phones("9841234567, +977 985-1234567,").unwrap().unwrap();
        let numbers: Vec<_> = inbox.staff_phones.iter().map(E164::as_str).collect();
        assert_eq!(numbers, ["+9779841234567", "+9779851234567"]);
        let why = phones("9841234567, 014200000").unwrap_err();
        assert!(why.contains("STAFF_PHONES: number 2 cannot be texted") && !why.contains("4200000"), "{why}");
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
