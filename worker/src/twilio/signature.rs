//! X-Twilio-Signature: proof that a webhook request comes from Twilio.
//!
//! Twilio signs with HMAC-SHA1 over the address as configured there, then each form field's name and value in
//! order of the decoded names; other bodies are bound by their SHA-256 in the query (Twilio docs, "Webhooks
//! security"). No time is signed, so a replay is met by idempotent handling, not here.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::signed_url::{SignedUrl, query_value};

/// Checks signatures against one or more auth tokens; several during a rotation.
#[derive(Clone)]
pub(crate) struct SignatureValidator {
    keys: Vec<Hmac<Sha1>>,
}

impl SignatureValidator {
    /// White space around tokens is dropped. Without any token no signature is good.
    pub(crate) fn new<'a>(tokens: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let keys = tokens
            .into_iter()
            .map(|token| token.expose_secret().trim())
            .filter(|token| !token.is_empty())
            // HMAC takes a key of any length.
            .filter_map(|token| Hmac::new_from_slice(token.as_bytes()).ok())
            .collect();
        Self { keys }
    }

    /// For `application/x-www-form-urlencoded` bodies and requests without a body.
    ///
    /// `url` is the configured public address with the raw path and query of the request, never one built from
    /// the Host header; `body` is undecoded.
    pub(crate) fn verify_form(&self, url: &str, body: &[u8], signature: &[u8]) -> bool {
        let mut fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = url::form_urlencoded::parse(body).collect();
        fields.sort_unstable();
        fields.dedup();
        self.verify(url, &fields, signature)
    }

    /// For any other body: the query must hold its SHA-256 as `bodySHA256`.
    pub(crate) fn verify_raw(&self, url: &str, body: &[u8], signature: &[u8]) -> bool {
        query_value(url, "bodySHA256").is_some_and(|hash| is_sha256(&hash, body))
            && self.verify(url, &[], signature)
    }

    fn verify(&self, url: &str, fields: &[(Cow<'_, str>, Cow<'_, str>)], signature: &[u8]) -> bool {
        let Ok(expected) = STANDARD.decode(signature) else { return false };
        SignedUrl::parse(url).variants().any(|parts| {
            self.keys.iter().any(|key| {
                let mut mac = key.clone();
                for part in parts {
                    mac.update(part.as_bytes());
                }
                for (name, value) in fields {
                    mac.update(name.as_bytes());
                    mac.update(value.as_bytes());
                }
                mac.verify_slice(&expected).is_ok()
            })
        })
    }
}

/// The signature Twilio would send with this form, for checking the way it takes.
pub(crate) fn sign_form(token: &SecretString, url: &str, fields: &[(&str, &str)]) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.expose_secret().trim().as_bytes()).ok()?;
    mac.update(url.as_bytes());
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

fn is_sha256(hex: &str, body: &[u8]) -> bool {
    let digest = Sha256::digest(body);
    hex.len() == 2 * digest.len()
        && hex.as_bytes().chunks_exact(2).zip(digest).all(|(pair, byte)| {
            std::str::from_utf8(pair).is_ok_and(|pair| u8::from_str_radix(pair, 16) == Ok(byte))
        })
}

#[cfg(test)]
mod tests;
