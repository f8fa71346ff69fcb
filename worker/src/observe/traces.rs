//! Spans for OpenTelemetry: one per delivery, call to Twilio and callback. Without an endpoint nothing is built, and each
//! of them costs one look at an `Option`. No span holds a number, a name, a user or a body.

mod context;
mod spans;

use std::time::Duration;

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use url::Url;
use uuid::Uuid;

pub(crate) use spans::{Delivery, Scope};

const SERVICE: &str = "aamcare-worker";
/// A collector that is away must not hold up the end of the worker for longer.
const FLUSH: Duration = Duration::from_secs(2);

/// Where spans go, if anywhere.
#[derive(Clone)]
pub(crate) struct Traces(Option<Tracing>);

#[derive(Clone)]
struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// No spans at all.
    pub(crate) fn off() -> Self {
        Self(None)
    }

    /// Exports to the collector at `endpoint` over OTLP/HTTP; off without one. Sampling, headers and time limits
    /// are read from the variables that OpenTelemetry defines.
    pub(crate) fn start(endpoint: Option<&Url>) -> anyhow::Result<Self> {
        let Some(endpoint) = endpoint else { return Ok(Self::off()) };
        // By the OTLP specification a base address gets the path of the signal appended.
        let address = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address)
            .build()?;
        let resource = Resource::builder()
            .with_service_name(SERVICE)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", Uuid::now_v7().to_string()))
            .build();
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        let tracer = provider.tracer(SERVICE);
        tracing::info!(collector = endpoint.host_str(), "traces are exported");
        Ok(Self(Some(Tracing { provider, tracer })))
    }

    /// Sends the remaining spans, within a few seconds.
    pub(crate) async fn finish(self) {
        let Some(tracing) = self.0 else { return };
        let flush = tokio::task::spawn_blocking(move || tracing.provider.shutdown_with_timeout(FLUSH));
        match tokio::time::timeout(FLUSH + Duration::from_secs(1), flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last traces were not exported"),
            _ => tracing::warn!("the last traces were not exported"),
        }
    }
}

#[cfg(test)]
mod tests;
