//! Keys of 32 bytes that settings hold as text.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

const BYTES: usize = 32;

/// The text is not a key. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 bytes in hex or base64; `openssl rand -hex 32` makes a key")]
pub struct InvalidKey;

/// A key for one use, made from the text: `domain` names the use. The text is as for every key here.
///
/// # Errors
/// If the text is not 32 bytes in hex or base64.
pub fn derived(text: &SecretString, domain: &[u8]) -> Result<[u8; BYTES], InvalidKey> {
    Ok(mac(text, domain)?.finalize().into_bytes().into())
}

/// A keyed digest that begins with `domain`, which separates it from all others of the same key. The text is 32 bytes in hex
/// or base64, with or without padding.
pub(crate) fn mac(text: &SecretString, domain: &[u8]) -> Result<Hmac<Sha256>, InvalidKey> {
    let text = text.expose_secret().trim();
    let key = from_hex(text).or_else(|| from_base64(text)).ok_or(InvalidKey)?;
    let mac = Hmac::new_from_slice(&key).map_err(|_| InvalidKey)?;
    Ok(mac.chain_update(domain))
}

fn from_hex(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES {
        return None;
    }
    let mut key = [0; BYTES];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

/// Both alphabets are read: a key is often made by a tool that writes the one for URLs.
fn from_base64(text: &str) -> Option<[u8; BYTES]> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.replace('-', "+").replace('_', "/");
    GeneralPurpose::new(&STANDARD, lenient).decode(text).ok()?.try_into().ok()
}
