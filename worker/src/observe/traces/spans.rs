//! The three spans, by OpenTelemetry's conventions for messaging (RabbitMQ) and HTTP. `url.full` is left out: the
//! address of a Lookup holds the number.

use std::borrow::Cow;

use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanBuilder, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::Span;
use shared::{amqp::Topology, telemetry::loggable};

use super::{Traces, context};
use crate::pipeline::{Inbound, Interrupted, Verdict};

/// A span under way; nothing at all when traces are off.
pub(crate) struct Scope(Option<Span>);

impl Traces {
    /// The handling of one delivery. What follows from it, here and at others, belongs to this span.
    pub(crate) fn process(&self, inbound: &mut Inbound, topology: &Topology) -> Scope {
        let Some(tracing) = &self.0 else { return Scope(None) };
        let queue = topology.queue(inbound.lane);
        let routing_key = loggable(&inbound.routing_key);
        let destination = format!("{}:{routing_key}:{queue}", topology.exchange());
        let mut attributes = vec![
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.operation.name", "process"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", destination),
            KeyValue::new("messaging.rabbitmq.destination.routing_key", routing_key.into_owned()),
            KeyValue::new(
                "messaging.message.body.size",
                i64::try_from(inbound.body.len()).unwrap_or(i64::MAX),
            ),
            KeyValue::new("onboarding.redelivered", inbound.arrival.redelivered),
        ];
        let id = inbound.shown_id().map(Cow::into_owned);
        attributes.extend(id.map(|id| KeyValue::new("messaging.message.id", id)));
        let builder = SpanBuilder::from_name(format!("process {queue}"))
            .with_kind(SpanKind::Consumer)
            .with_attributes(attributes);
        let parent = context::parent(inbound.traceparent.as_deref());
        let span = tracing.tracer.build_with_context(builder, &parent);
        inbound.traceparent = context::traceparent(span.span_context());
        Scope(Some(span))
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
    /// What a callee is to be told: this span, or what the caller was told where traces are off.
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

    /// Notes a word from a closed set.
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

    /// Notes that it failed, with a word for the cause.
    pub(crate) fn failed(&mut self, cause: &'static str) {
        self.note("error.type", cause);
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(cause));
        }
    }

    /// Notes how the handling of a delivery ended; `Err`: the handler panicked.
    pub(crate) fn processed(&mut self, result: &std::thread::Result<Result<Verdict, Interrupted>>) {
        match result {
            Ok(Ok(verdict)) => self.note("onboarding.outcome", verdict.outcome()),
            Ok(Err(interrupted)) if interrupted.is_stopping() => {
                self.note("onboarding.outcome", "given_back");
            }
            Ok(Err(interrupted)) if interrupted.is_database() => self.failed("database"),
            Ok(Err(_)) => self.failed("interrupted"),
            Err(_) => self.failed("panic"),
        }
    }
}
