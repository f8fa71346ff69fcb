//! `POST /twilio/inbound`: what people write to us. The message is stored before the answer, and handled afterwards by a task:
//! Twilio waits no longer than 15 seconds, and delivers a message again that was not taken in time.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, OriginalUri, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use shared::db::{Trouble, trouble};
use sqlx::PgPool;

use super::signed::Signatures;
use crate::{
    inbox::{Incoming, Keyring, NotTaken, OurSenders},
    store::inbound,
};

/// Twilio's forms are some kilobytes.
const MAX_BODY: usize = 64 * 1024;

/// Takes inbound messages.
pub(crate) struct Inbound {
    pub(crate) pool: PgPool,
    pub(crate) signatures: Signatures,
    pub(crate) keys: Keyring,
    pub(crate) ours: OurSenders,
}

/// The webhook's routes.
pub(crate) fn routes(inbound: Inbound) -> Router {
    Router::new()
        .route("/twilio/inbound", post(take))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(inbound))
}

async fn take(
    State(inbound): State<Arc<Inbound>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let started = tokio::time::Instant::now();
    let (code, result) = inbound.receive(&uri, &headers, &body).await;
    metrics::counter!("onboarding_inbound_requests_total", "result" => result).increment(1);
    metrics::histogram!("onboarding_inbound_request_duration_seconds")
        .record(started.elapsed().as_secs_f64());
    code
}

impl Inbound {
    async fn receive(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> (StatusCode, &'static str) {
        if !self.signatures.are_good(uri, headers, body) {
            return (StatusCode::FORBIDDEN, "bad_signature");
        }
        let incoming = match Incoming::read(body, &self.ours) {
            Ok(incoming) => incoming,
            Err(NotTaken::OtherAccount) => return (StatusCode::FORBIDDEN, "other_account"),
            Err(NotTaken::OtherSender) => return (StatusCode::FORBIDDEN, "other_sender"),
            // Signed, but of no use: answered as taken, because repeating it would not help.
            Err(NotTaken::Malformed) => return (StatusCode::NO_CONTENT, "malformed"),
        };
        let Ok(text) = self.keys.sealed(&incoming) else { return (StatusCode::NO_CONTENT, "malformed") };
        match inbound::store(&self.pool, &incoming, text.as_deref()).await {
            Ok(true) => (StatusCode::NO_CONTENT, "ok"),
            Ok(false) => (StatusCode::NO_CONTENT, "repeated"),
            Err(error) if trouble(&error) == Trouble::Data => (StatusCode::NO_CONTENT, "malformed"),
            Err(error) => {
                tracing::warn!(sid = %incoming.sid, error = shared::db::sqlstate(&error), "an inbound message was not stored: Twilio delivers it again, or its list has it");
                (StatusCode::SERVICE_UNAVAILABLE, "not_stored")
            }
        }
    }
}

#[cfg(test)]
mod tests;
