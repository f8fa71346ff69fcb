//! What Twilio would sign.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use url::form_urlencoded;

/// X-Twilio-Signature of a form sent to `url`: HMAC-SHA1 over the address and the sorted fields (Twilio docs,
/// "Webhooks security").
pub fn signature(token: &str, url: &str, form: &[u8]) -> String {
    let mut fields: Vec<_> = form_urlencoded::parse(form).collect();
    fields.sort_unstable();
    fields.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
