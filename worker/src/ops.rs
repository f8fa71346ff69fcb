//! Probes and metrics for those who run the worker.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::health::Health;

/// Seconds; OpenTelemetry's advice for HTTP durations.
const SHORT: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Seconds; calls to Twilio may take half a minute.
const CALLS: &[f64] = &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];
/// Seconds; from a signup to its message.
const LONG: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0];

/// Installs the recorder of metrics; call it once, before anything is counted.
pub(crate) fn install_recorder() -> anyhow::Result<PrometheusHandle> {
    let buckets = |builder: PrometheusBuilder, name: &str, values| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), values)
    };
    let mut builder = PrometheusBuilder::new();
    for (name, values) in [
        ("onboarding_event_processing_seconds", SHORT),
        ("onboarding_webhook_request_duration_seconds", SHORT),
        ("onboarding_publish_confirm_seconds", SHORT),
        ("onboarding_twilio_request_duration_seconds", CALLS),
        ("onboarding_rate_limit_wait_seconds", CALLS),
        ("onboarding_event_age_seconds", LONG),
        ("onboarding_delivery_latency_seconds", LONG),
    ] {
        builder = buckets(builder, name, values)?;
    }
    let handle = builder.install_recorder()?;
    metrics::gauge!("onboarding_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

struct Ops {
    health: Arc<Health>,
    metrics: PrometheusHandle,
}

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn routes(health: Arc<Health>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(Ops { health, metrics }))
}

async fn readyz(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    let (ready, details) = ops.health.ready();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(details))
}

async fn scrape(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], ops.metrics.render())
}
