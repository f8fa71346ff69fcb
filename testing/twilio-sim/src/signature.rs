//! The signature Twilio puts on its webhooks (Twilio docs, "Webhooks security").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// The `X-Twilio-Signature` of a form POST: HMAC-SHA1 under the Auth Token over the URL (without fragment)
/// and the decoded fields, names in byte order, distinct values of a repeated name in byte order.
/// For a request without form fields pass none.
pub fn sign(auth_token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(auth_token.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
#[path = "signature_vectors.rs"]
mod vectors;
