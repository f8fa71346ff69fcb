//! W3C Trace Context, as text in headers and columns.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const HEADER: &str = "traceparent";

/// The context of `traceparent`. If it is missing or invalid, a new trace begins.
pub(super) fn parent(traceparent: Option<&str>) -> Context {
    let carrier: HashMap<String, String> =
        traceparent.map(|text| (HEADER.to_owned(), text.to_owned())).into_iter().collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// The span that `traceparent` names.
pub(super) fn span(traceparent: &str) -> Option<SpanContext> {
    let context = parent(Some(traceparent)).span().span_context().clone();
    context.is_valid().then_some(context)
}

/// The `traceparent` for the callee.
pub(super) fn traceparent(context: &SpanContext) -> Option<String> {
    let mut carrier = HashMap::new();
    let holder = Context::new().with_remote_span_context(context.clone());
    TraceContextPropagator::new().inject_context(&holder, &mut carrier);
    carrier.remove(HEADER)
}
