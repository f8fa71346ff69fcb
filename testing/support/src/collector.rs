//! A collector of traces: takes OTLP over HTTP and keeps the spans.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{PATIENCE, until};

type Spans = Arc<Mutex<Vec<Span>>>;

/// A running collector; dropping it ends it.
pub struct Collector {
    address: SocketAddr,
    spans: Spans,
    task: JoinHandle<()>,
}

impl Collector {
    /// Starts one on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let spans = Spans::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(spans.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                eprintln!("the collector ended: {error}");
            }
        });
        Ok(Self { address, spans, task })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a span of this name.
    pub async fn span(&self, name: &str) -> anyhow::Result<Span> {
        until(&format!("a span {name:?}"), PATIENCE, async || {
            let spans = self.spans();
            let names: Vec<String> = spans.iter().map(|s| s.name.clone()).collect();
            Ok(spans.into_iter().find(|s| s.name == name).ok_or_else(|| format!("{names:?}")))
        })
        .await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let scopes = request.resource_spans.into_iter().flat_map(|r| r.scope_spans);
    spans.lock().unwrap_or_else(PoisonError::into_inner).extend(scopes.flat_map(|s| s.spans));
    StatusCode::OK
}

/// An attribute of a span, as text.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|a| a.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(n) => Some(n.to_string()),
        Value::BoolValue(b) => Some(b.to_string()),
        other => Some(format!("{other:?}")),
    }
}

/// Bytes of an id as it is written in headers.
pub fn hex(id: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|d| char::from_digit(d.into(), 16).unwrap_or('?'));
    id.iter().flat_map(digits).collect()
}

/// Everything in a span that is text.
pub fn texts(span: &Span) -> String {
    let of = |attributes: &[KeyValue]| {
        let text = |a: &KeyValue| format!("{}={:?}", a.key, a.value.as_ref().map(|v: &AnyValue| &v.value));
        attributes.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let events: Vec<String> =
        span.events.iter().map(|e| format!("{} {}", e.name, of(&e.attributes))).collect();
    let status = span.status.as_ref().map(|s| s.message.clone()).unwrap_or_default();
    format!("{} {} {} {status}", span.name, of(&span.attributes), events.join(" "))
}
