//! Probes and metrics for those who run the worker.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};

use crate::{
    health::Health,
    http::{exposition::Exposition, heartbeat::Heartbeat},
};

/// The state that the probes read. Reading it calls no other service.
pub(crate) struct Ops {
    pub(crate) health: Arc<Health>,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) exposition: Exposition,
}

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn routes(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(ops))
}

async fn livez(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    match ops.heartbeat.stalled() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(since) => {
            let what = format!("nothing has moved for {} s: the process hangs\n", since.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, what)
        }
    }
}

async fn readyz(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    let (ready, details) = ops.health.ready();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(details))
}

async fn scrape(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], ops.exposition.render())
}
