//! `POST /twilio/status`: Twilio's status callbacks.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, OriginalUri, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use shared::db::{Trouble, trouble};
use url::form_urlencoded;

use crate::{
    config::TwilioConfig,
    http::signed::Signatures,
    observe::traces::{Scope, Traces},
    reconcile::delivery::DeliveryReports,
    store::{
        attempts::AttemptRef,
        callbacks::{Callback, Effect, Taken},
    },
    twilio::{Class, MessageSid, MessageStatus, classify_status},
};

/// Twilio's forms are some hundred bytes.
const MAX_BODY: usize = 64 * 1024;

/// Takes Twilio's callbacks.
pub(crate) struct Receiver {
    reports: Arc<DeliveryReports>,
    traces: Traces,
    signatures: Signatures,
    account: String,
}

impl Receiver {
    /// None without `PUBLIC_URL`, for then nothing can be verified.
    pub(crate) fn new(
        twilio: &TwilioConfig,
        reports: Arc<DeliveryReports>,
        traces: Traces,
    ) -> anyhow::Result<Option<Self>> {
        let Some(signatures) = Signatures::new(twilio) else { return Ok(None) };
        Ok(Some(Self {
            reports,
            traces,
            signatures,
            account: twilio.client()?.credentials.account().to_string(),
        }))
    }
}

/// The webhook's routes.
pub(crate) fn routes(receiver: Receiver) -> Router {
    Router::new()
        .route("/twilio/status", post(status))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(receiver))
}

async fn status(
    State(receiver): State<Arc<Receiver>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let started = tokio::time::Instant::now();
    let mut scope = receiver.traces.callback();
    let (code, result) = receiver.receive(&uri, &headers, &body, &mut scope).await;
    scope.note("onboarding.result", result);
    scope.status(code.as_u16());
    metrics::counter!("onboarding_webhook_requests_total", "result" => result).increment(1);
    metrics::histogram!("onboarding_webhook_request_duration_seconds")
        .record(started.elapsed().as_secs_f64());
    code
}

impl Receiver {
    async fn receive(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        scope: &mut Scope,
    ) -> (StatusCode, &'static str) {
        if !self.signatures.are_good(uri, headers, body) {
            return (StatusCode::FORBIDDEN, "bad_signature");
        }
        // Signed, but of no use: answered as taken, because repeating it would not help.
        let Some(callback) = self.parse(uri, body) else {
            return (StatusCode::NO_CONTENT, "malformed");
        };
        match self.apply(&callback, scope).await {
            Ok(result) => (StatusCode::NO_CONTENT, result),
            Err(error) if trouble(&error) == Trouble::Data => (StatusCode::NO_CONTENT, "malformed"),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_stored"),
        }
    }

    fn parse(&self, uri: &Uri, body: &[u8]) -> Option<Callback> {
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(body);
            pairs.find(|(k, _)| k == name).map(|(_, v)| v.into_owned())
        };
        if field("AccountSid").as_deref() != Some(&self.account) {
            return None;
        }
        let sid = MessageSid::parse(&field("MessageSid")?).ok()?;
        let status = field("MessageStatus").filter(|s| s.len() <= 32 && !s.contains('\0'))?;
        let status = MessageStatus::parse(&status);
        Some(Callback {
            sid: sid.to_string(),
            to: field("To").filter(|to| !to.contains('\0')).unwrap_or_default(),
            rank: i16::from(status.rank()),
            status: status.as_str().to_owned(),
            attempt: AttemptRef::from_query(uri.query().unwrap_or_default()),
            error_code: field("ErrorCode").and_then(|c| c.parse().ok()),
        })
    }

    async fn apply(&self, callback: &Callback, scope: &mut Scope) -> Result<&'static str, sqlx::Error> {
        let code = callback.error_code.and_then(|c| u32::try_from(c).ok());
        let class = code.map(classify_status);
        let Taken { effect, traceparent, .. } = self.reports.take(callback).await?;
        scope.link(traceparent.as_deref());
        let status = MessageStatus::parse(&callback.status);
        tracing::info!(
            sid = callback.sid,
            attempt = callback.attempt.map(tracing::field::display),
            status = status.as_str(),
            error_code = code,
            error_class = class.map(Class::label),
            ?effect,
            "status callback"
        );
        let Effect::Applied { age } = effect else {
            return Ok(match effect {
                Effect::Stale => "stale",
                Effect::Erased => "erased",
                Effect::Applied { .. } | Effect::Unmatched => "unknown_sid",
            });
        };
        self.reports.learn(callback, age).await;
        Ok("ok")
    }
}
