//! Whether people can write back, and the keys open what they wrote.

use shared::config::Env;
use sqlx::PgConnection;

use super::{database::failed, finding::Findings};
use crate::{
    config::inbox_keys,
    inbox::{Closed, Keyring},
    store::inbound,
};

const CHECK: &str = "two-way";
const KEYS: &str = "put the former key behind the present one, separated by a comma";

pub(super) async fn check(found: &mut Findings, connection: &mut PgConnection) {
    // A key that cannot be read is a fault of the settings.
    let keys = inbox_keys(&mut Env::of_process());
    match inbound::oldest_and_newest(connection).await {
        Ok(sealed) => judge(found, keys.as_ref(), &sealed),
        Err(error) => failed(found, CHECK, Some(error)),
    }
}

fn judge(found: &mut Findings, keys: Option<&Keyring>, sealed: &[(String, Vec<u8>)]) {
    let Some(keys) = keys else {
        if sealed.is_empty() {
            return found.skipped(CHECK, "off: INBOX_KEY is not set, and /twilio/inbound answers 404");
        }
        let text = "INBOX_KEY is not set, and texts that it opens are stored";
        return found.misconfigured(
            CHECK,
            text,
            "set the key that they were stored with, or let them end with KEEP_INBOX",
        );
    };
    let why: Vec<Closed> = sealed.iter().filter_map(|(sid, body)| keys.open(sid, body).err()).collect();
    match why.first() {
        None => found.passed(CHECK, "on, and the keys open the oldest and the newest text"),
        Some(why) => found.misconfigured(CHECK, format!("a stored text stays closed: {why}"), KEYS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Mark;

    fn keys(text: &str) -> Keyring {
        Keyring::parse(&text.into(), "inbox").unwrap()
    }

    #[test]
    fn two_way_is_on_with_every_key_that_is_in_use() {
        let (first, second) = ("00".repeat(32), "11".repeat(32));
        let texts: Vec<_> =
            [&first, &second].map(|key| ("SM1".to_owned(), keys(key).seal("SM1", b"stop").unwrap())).into();
        let both = keys(&format!("{second},{first}"));
        for (keys, texts, result) in [
            (None, &[][..], Mark::Skipped),
            (None, &texts[..], Mark::Failed),
            (Some(&both), &[], Mark::Passed),
            (Some(&both), &texts, Mark::Passed),
            (Some(&keys(&second)), &texts, Mark::Failed),
        ] {
            let mut found = Findings::default();
            judge(&mut found, keys, texts);
            let found = found.into_vec();
            assert_eq!((found.len(), found[0].result), (1, result), "{}", found[0].text);
        }
    }
}
