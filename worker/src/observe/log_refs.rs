//! What log lines call a person: a hash of the number and one of the user id. Both are the same in all workers and reveal
//! neither, so that old logs name nobody whom an erasure forgot.
//!
//! A digest without a key would give them away: ten digits are tried in seconds. The key is the auth token. Its holder can
//! read the numbers at Twilio anyway, so the hashes disclose nothing more and need no further secret.

use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use shared::phone::E164;

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Long enough that among a million people a collision is unlikely.
const LENGTH: usize = 12;

/// Makes the hashes, with one key.
#[derive(Clone)]
pub(crate) struct LogRefs {
    phones: Hmac<Sha256>,
    users: Hmac<Sha256>,
}

/// The hash of one number or user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogRef([u8; LENGTH]);

impl LogRefs {
    /// None: the token cannot be a key; every length can.
    pub(crate) fn new(token: &SecretString) -> Option<Self> {
        let key = Hmac::new_from_slice(token.expose_secret().as_bytes()).ok()?;
        // What Twilio signs with the same key never begins like these.
        Some(Self { phones: key.clone().chain_update(b"phone_ref "), users: key.chain_update(b"user_ref ") })
    }

    pub(crate) fn phone(&self, phone: &E164) -> LogRef {
        LogRef::of(&self.phones, phone.as_str())
    }

    pub(crate) fn user(&self, user_id: &str) -> LogRef {
        LogRef::of(&self.users, user_id)
    }
}

impl LogRef {
    fn of(mac: &Hmac<Sha256>, text: &str) -> Self {
        let digest = mac.clone().chain_update(text).finalize().into_bytes();
        let mut word = [0; LENGTH];
        for (pair, byte) in word.chunks_exact_mut(2).zip(digest) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        Self(word)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn refs(token: &str) -> LogRefs {
        LogRefs::new(&SecretString::from(token.to_owned())).unwrap()
    }

    fn phone(token: &str, number: &str) -> LogRef {
        refs(token).phone(&E164::parse(number).unwrap())
    }

    /// Computed with Python: hmac.new(token, b"phone_ref +977…", "sha256").hexdigest()[:12], and with b"user_ref 1042"
    #[test]
    fn it_is_the_beginning_of_a_keyed_digest() {
        assert_eq!(phone(TOKEN, "+9779841234567").as_str(), "b5a3b6434ce0");
        assert_eq!(refs(TOKEN).user("1042").as_str(), "ecc1e57e4770");
    }

    #[test]
    fn it_depends_on_the_person_and_the_key_alone() {
        assert_eq!(phone("a", "+9779841234567"), phone("a", "+9779841234567"));
        assert_ne!(phone("a", "+9779841234567"), phone("a", "+9779841234568"));
        assert_ne!(phone("a", "+9779841234567"), phone("b", "+9779841234567"));
        assert_ne!(refs("a").user("1"), refs("a").user("2"));
        assert_ne!(refs("a").user("1"), refs("b").user("1"));
    }

    #[test]
    fn a_user_id_that_is_a_number_has_another_hash_than_the_number() {
        assert_ne!(refs(TOKEN).user("+9779841234567"), phone(TOKEN, "+9779841234567"));
    }
}
