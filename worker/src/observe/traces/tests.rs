use super::*;

const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn recording() -> (Traces, opentelemetry_sdk::trace::InMemorySpanExporter) {
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let tracer = provider.tracer(SERVICE);
    (Traces(Some(Tracing { provider, tracer })), exporter)
}

#[test]
fn a_call_continues_the_given_trace_and_passes_its_own_span_on() {
    let (traces, exported) = recording();
    let mut scope = traces.call("POST /Messages.json", Some(GIVEN));
    let told = scope.traceparent(None).unwrap();
    assert!(told.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && told != GIVEN, "{told}");
    scope.status(201);
    drop(scope);
    let span = &exported.get_finished_spans().unwrap()[0];
    assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
    assert!(told.contains(&span.span_context.span_id().to_string()));
    assert!(span.attributes.iter().any(|a| a.key.as_str() == "http.response.status_code"));
}

#[test]
fn a_callback_begins_a_trace_and_links_to_the_attempt() {
    let (traces, exported) = recording();
    let mut scope = traces.callback();
    scope.link(Some(GIVEN));
    scope.link(Some("nonsense"));
    drop(scope);
    let span = &exported.get_finished_spans().unwrap()[0];
    assert_ne!(span.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    let links: Vec<String> = span.links.iter().map(|l| l.span_context.span_id().to_string()).collect();
    assert_eq!(links, ["b7ad6b7169203331"]);
}

#[test]
fn without_a_collector_the_context_of_the_event_is_carried_on() {
    let scope = Traces::off().call("POST /Messages.json", Some(GIVEN));
    assert_eq!(scope.traceparent(Some(GIVEN)).as_deref(), Some(GIVEN));
}
