//! A hash of a phone number for log lines. It is the same in all workers and does not reveal the number.
//!
//! A digest without a key would give the number away: ten digits are tried in seconds. The key is the auth token. Its
//! holder can read the numbers at Twilio anyway, so the hash discloses nothing more and needs no further secret.

use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use shared::phone::E164;

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Long enough that among a million numbers a collision is unlikely.
const LENGTH: usize = 12;

/// Makes the words, with one key.
#[derive(Clone)]
pub(crate) struct PhoneRefs(Hmac<Sha256>);

/// The hash of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PhoneRef([u8; LENGTH]);

impl PhoneRefs {
    /// None: the token cannot be a key; every length can.
    pub(crate) fn new(token: &SecretString) -> Option<Self> {
        let mut mac = Hmac::new_from_slice(token.expose_secret().as_bytes()).ok()?;
        // What Twilio signs with the same key never begins like this.
        mac.update(b"phone_ref ");
        Some(Self(mac))
    }

    pub(crate) fn of(&self, phone: &E164) -> PhoneRef {
        let digest = self.0.clone().chain_update(phone.as_str()).finalize().into_bytes();
        let mut word = [0; LENGTH];
        for (pair, byte) in word.chunks_exact_mut(2).zip(digest) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        PhoneRef(word)
    }
}

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble)).copied().unwrap_or_default()
}

impl PhoneRef {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(token: &str, number: &str) -> String {
        let refs = PhoneRefs::new(&SecretString::from(token.to_owned())).unwrap();
        refs.of(&E164::parse(number).unwrap()).as_str().to_owned()
    }

    /// Computed with Python: hmac.new(token, b"phone_ref +977…", "sha256").hexdigest()[:12]
    #[test]
    fn it_is_the_beginning_of_a_keyed_digest() {
        assert_eq!(word("0123456789abcdef0123456789abcdef", "+9779841234567"), "b5a3b6434ce0");
    }

    #[test]
    fn it_depends_on_number_and_key_alone() {
        assert_eq!(word("a", "+9779841234567"), word("a", "+9779841234567"));
        assert_ne!(word("a", "+9779841234567"), word("a", "+9779841234568"));
        assert_ne!(word("a", "+9779841234567"), word("b", "+9779841234567"));
    }
}
