//! The codes of the address that stops messages: derived from a number, and read as people type them.

use std::fmt;

use hmac::{Hmac, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;

use crate::{
    phone::E164,
    secret_key::{self, InvalidKey},
};

/// Separates these digests from all others that use the same key.
const DOMAIN: &[u8] = b"optout-link v1\n";
/// Crockford's base32: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS_PER_DIGIT: u32 = 5;

/// The key that codes are derived with.
#[derive(Clone)]
pub struct LinkKey(Hmac<Sha256>);

impl LinkKey {
    /// Reads 32 bytes in hex or base64, with or without padding.
    ///
    /// # Errors
    /// [`InvalidKey`], which does not quote the text.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidKey> {
        Ok(Self(secret_key::mac(text, DOMAIN)?))
    }
}

/// Does not show the key.
impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkKey").finish_non_exhaustive()
    }
}

/// The code of one number, at the end of the address that stops its messages. `Debug` shows the masked form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StopCode([u8; Self::LENGTH]);

impl StopCode {
    /// Characters of a code.
    pub const LENGTH: usize = 9;

    /// The code of `phone`. Another `epoch` gives another code.
    pub fn derive(key: &LinkKey, phone: &E164, epoch: i32) -> Self {
        let mac = key.0.clone().chain_update(phone.as_str()).chain_update(format!("\n{epoch}"));
        let digest = mac.finalize().into_bytes();
        let first = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut rest = first >> (u64::BITS - BITS_PER_DIGIT * 9);
        let mut code = [b'0'; Self::LENGTH];
        for place in code.iter_mut().rev() {
            *place = ALPHABET[(rest % 32) as usize];
            rest /= 32;
        }
        Self(code)
    }

    /// Reads a code as people type it: in any case, with `i` or `l` for 1 and `o` for 0. `None` for any other text.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed: &[u8; Self::LENGTH] = typed.as_bytes().try_into().ok()?;
        let mut code = [b'0'; Self::LENGTH];
        for (place, byte) in code.iter_mut().zip(typed) {
            *place = match byte.to_ascii_uppercase() {
                b'I' | b'L' => b'1',
                b'O' => b'0',
                other => *ALPHABET.iter().find(|digit| **digit == other)?,
            };
        }
        Some(Self(code))
    }

    /// The whole code, for the database and for messages. Never log it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its first two characters, for logs.
    pub fn masked(&self) -> String {
        format!("{}…", self.as_str().get(..2).unwrap_or_default())
    }
}

impl fmt::Debug for StopCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn read(text: &str) -> Result<LinkKey, InvalidKey> {
        LinkKey::parse(&SecretString::from(text.to_owned()))
    }

    fn code(phone: &str, epoch: i32) -> StopCode {
        StopCode::derive(&read(HEX).unwrap(), &E164::parse(phone).unwrap(), epoch)
    }

    #[test]
    fn codes_are_those_of_the_vectors() {
        for (phone, epoch, expected) in [
            ("+9779841234567", 0, "PCWDDR9B5"),
            ("+9779841234567", 1, "AC98CM48A"),
            ("+9779800000001", 0, "PE8B5VSG9"),
            ("+9779800000001", 1, "VA9B5BE2E"),
        ] {
            assert_eq!(code(phone, epoch).as_str(), expected, "{phone} {epoch}");
        }
    }

    #[test]
    fn a_key_is_read_in_hex_and_in_base64() {
        let phone = E164::parse("+9779841234567").unwrap();
        let upper = HEX.to_uppercase();
        for text in [HEX, &upper, BASE64, BASE64.trim_end_matches('='), &format!(" {HEX}\n")] {
            assert_eq!(StopCode::derive(&read(text).unwrap(), &phone, 0).as_str(), "PCWDDR9B5", "{text}");
        }
        let (plain, for_urls) = (format!("{}8", "+/".repeat(21)), format!("{}8", "-_".repeat(21)));
        let derived = |text: &str| StopCode::derive(&read(text).unwrap(), &phone, 0);
        assert_eq!(derived(&plain), derived(&for_urls));
    }

    #[test]
    fn another_text_is_no_key_and_is_not_shown() {
        // 43 characters of base64 hold 258 bits: the last two of the last text are not 0.
        let (long, other, uneven) = (format!("{HEX}00"), HEX.replace('f', "g"), "+/".repeat(22));
        for bad in ["", "s3cret", &HEX[..62], &long, &other, &BASE64[..40], "🔑", &uneven[..43]] {
            let error = read(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        assert_eq!(format!("{:?}", read(HEX).unwrap()), "LinkKey { .. }");
    }

    #[test]
    fn a_typed_code_may_be_in_any_case_and_confuse_letters_with_digits() {
        for typed in ["pcwddr9b5", "PCWDDR9B5", "PcWdDr9B5"] {
            assert_eq!(StopCode::parse(typed).unwrap().as_str(), "PCWDDR9B5", "{typed}");
        }
        for typed in ["oOiIlL234", "001111234"] {
            assert_eq!(StopCode::parse(typed).unwrap().as_str(), "001111234", "{typed}");
        }
    }

    #[test]
    fn every_other_text_is_no_code() {
        let long = "A".repeat(10_000);
        for bad in [
            "",
            "PCWDDR9B",
            "PCWDDR9B55",
            "PCWDDR9B ",
            " CWDDR9B5",
            "PCWD R9B5",
            "PCWDDR9BU",
            "PCWDDR-B5",
            "PCWDDR9B\0",
            "PCWDDR9B\n",
            // Cyrillic er and es, a full-width digit, Devanagari digits.
            "РСWDDR9",
            "PCWDDR９",
            "१२३",
            "%50CWDDR9",
            "PCWDDR%39",
            "../../../",
            "..%2F..%2",
            "'OR'1'='1",
            &long,
        ] {
            assert_eq!(StopCode::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_two_characters() {
        assert_eq!(format!("{:?}", StopCode::parse("PCWDDR9B5").unwrap()), "PC…");
    }

    proptest! {
        #[test]
        fn a_derived_code_is_read_as_itself(number in 1_000_000_u64..1_000_000_000_000_000, epoch in 0..i32::MAX) {
            let phone = format!("+{number}");
            let derived = code(&phone, epoch);
            prop_assert_eq!(StopCode::parse(derived.as_str()), Some(derived));
            prop_assert_eq!(StopCode::parse(&derived.as_str().to_lowercase()), Some(derived));
        }

        #[test]
        fn reading_never_fails_otherwise(typed in any::<String>()) {
            if let Some(code) = StopCode::parse(&typed) {
                prop_assert_eq!(typed.len(), StopCode::LENGTH);
                prop_assert!(code.as_str().bytes().all(|byte| ALPHABET.contains(&byte)));
            }
        }
    }
}
