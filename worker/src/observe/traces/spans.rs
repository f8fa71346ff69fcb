//! The three spans, by OpenTelemetry's conventions for messaging (RabbitMQ) and HTTP. `url.full` is left out: the
//! address of a Lookup holds the number.

use std::borrow::Cow;

use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanBuilder, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::Span;
use shared::{amqp::Topology, lane::QueueLane, telemetry::loggable};

use super::{Traces, context};

/// What the span of a delivery shows of it.
pub(crate) struct Delivery<'a> {
    pub(crate) lane: QueueLane,
    pub(crate) routing_key: &'a str,
    /// Its id, fit for a log line.
    pub(crate) message_id: Option<Cow<'a, str>>,
    pub(crate) body_bytes: usize,
    pub(crate) redelivered: bool,
    /// The trace that it belongs to.
    pub(crate) traceparent: Option<&'a str>,
}

/// A span under way; nothing at all when traces are off.
pub(crate) struct Scope(Option<Span>);

impl Traces {
    /// The handling of one delivery. What follows from it, here and at others, belongs to this span.
    pub(crate) fn process(&self, delivery: Delivery<'_>, topology: &Topology) -> Scope {
        let Some(tracing) = &self.0 else { return Scope(None) };
        let queue = topology.queue(delivery.lane);
        let routing_key = loggable(delivery.routing_key);
        let destination = format!("{}:{routing_key}:{queue}", topology.exchange());
        let mut attributes = vec![
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.operation.name", "process"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", destination),
            KeyValue::new("messaging.rabbitmq.destination.routing_key", routing_key.into_owned()),
            KeyValue::new(
                "messaging.message.body.size",
                i64::try_from(delivery.body_bytes).unwrap_or(i64::MAX),
            ),
            KeyValue::new("onboarding.redelivered", delivery.redelivered),
        ];
        let id = delivery.message_id.map(Cow::into_owned);
        attributes.extend(id.map(|id| KeyValue::new("messaging.message.id", id)));
        let builder = SpanBuilder::from_name(format!("process {queue}"))
            .with_kind(SpanKind::Consumer)
            .with_attributes(attributes);
        Scope(Some(tracing.tracer.build_with_context(builder, &context::parent(delivery.traceparent))))
    }

    /// One call to Twilio: `name` is method and template of its address.
    pub(crate) fn call(&self, name: &'static str, traceparent: Option<&str>) -> Scope {
        let Some(tracing) = &self.0 else { return Scope(None) };
        let (method, template) = name.split_once(' ').unwrap_or(("_OTHER", name));
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Client).with_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.template", template),
            KeyValue::new("peer.service", "twilio"),
        ]);
        Scope(Some(tracing.tracer.build_with_context(builder, &context::parent(traceparent))))
    }

    /// One callback. It begins a trace: Twilio carries ours no further. Its link leads to the attempt.
    pub(crate) fn callback(&self) -> Scope {
        let Some(tracing) = &self.0 else { return Scope(None) };
        let builder =
            SpanBuilder::from_name("POST /twilio/status").with_kind(SpanKind::Server).with_attributes([
                KeyValue::new("http.request.method", "POST"),
                KeyValue::new("http.route", "/twilio/status"),
            ]);
        Scope(Some(tracing.tracer.build_with_context(builder, &context::parent(None))))
    }
}

impl Scope {
    /// The context for the callee: this span, or the caller's context if traces are off.
    pub(crate) fn traceparent(&self, otherwise: Option<&str>) -> Option<String> {
        match &self.0 {
            Some(span) => context::traceparent(span.span_context()),
            None => otherwise.map(str::to_owned),
        }
    }

    /// Ties this span to the one that `traceparent` names.
    pub(crate) fn link(&mut self, traceparent: Option<&str>) {
        if let (Some(span), Some(other)) = (&mut self.0, traceparent.and_then(context::span)) {
            span.add_link(other, Vec::new());
        }
    }

    /// Sets an attribute to a value from a closed set.
    pub(crate) fn note(&mut self, key: &'static str, word: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, word));
        }
    }

    /// Notes an HTTP status.
    pub(crate) fn status(&mut self, code: u16) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(code)));
        }
    }

    /// Marks the span as failed, with the name of the cause.
    pub(crate) fn failed(&mut self, cause: &'static str) {
        self.note("error.type", cause);
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(cause));
        }
    }
}
