//! Requests that Twilio signs.

use axum::http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE, uri::PathAndQuery};
use secrecy::SecretString;

use crate::{config::TwilioConfig, twilio::SignatureValidator};

const SIGNATURE: &str = "X-Twilio-Signature";

/// Checks who sent a request.
#[derive(Clone)]
pub(crate) struct Signatures {
    validator: SignatureValidator,
    /// Without a trailing slash. The Host header is never trusted.
    public_url: String,
}

impl Signatures {
    /// None without `PUBLIC_URL`, for then no signature can be checked.
    pub(crate) fn new(twilio: &TwilioConfig) -> Option<Self> {
        Some(Self::of(&twilio.webhook_tokens, twilio.public_url.as_ref()?.as_str()))
    }

    /// Of requests to `public_url`, signed with any of the tokens.
    pub(crate) fn of(tokens: &[SecretString], public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { validator: SignatureValidator::new(tokens), public_url }
    }

    /// Whether Twilio signed the request.
    pub(crate) fn are_good(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let signature = headers.get(SIGNATURE).map(HeaderValue::as_bytes).unwrap_or_default();
        let url = format!("{}{path}", self.public_url);
        if is_form(headers) {
            self.validator.verify_form(&url, body, signature)
        } else {
            self.validator.verify_raw(&url, body, signature)
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"application/x-www-form-urlencoded")
}
