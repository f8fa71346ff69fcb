//! From the event to the callback, as a collector sees it.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use shared::lane::QueueLane;
use support::{Collector, EventBody, Expect, TestEnv, attribute, hex, number};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const CREATE: &str = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json";
const LOOKUP: &str = "GET /v2/PhoneNumbers/{PhoneNumber}";

fn with_trace() -> BasicProperties {
    let mut headers = FieldTable::default();
    let text = format!("00-{TRACE}-{PARENT}-01");
    headers.insert("traceparent".into(), AMQPValue::LongString(text.into()));
    BasicProperties::default().with_headers(headers).with_message_id("an-event".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_event_through_the_call_to_the_callback() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let test = TestEnv::builder()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .env("OTEL_BSP_SCHEDULE_DELAY", "200")
        .with_worker()
        .await?;
    let event = EventBody::signup("a", &number(1));
    test.broker.publish_with(QueueLane::Live, &event.bytes(), with_trace()).await?;
    test.until_case("a", "registered delivered -").await?;
    let queue = format!("{}.onboarding.live", test.broker.namespace());
    let process = collector.span(&format!("process {queue}")).await?;
    assert_eq!((hex(&process.trace_id), hex(&process.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    let namespace = test.broker.namespace();
    for (key, value) in [
        ("messaging.system", "rabbitmq"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", &format!("{namespace}.aamcare.events:user.signed_up.v1:{queue}")),
        ("messaging.message.id", "an-event"),
        ("onboarding.outcome", "sent"),
    ] {
        assert_eq!(attribute(&process, key).as_deref(), Some(value), "{key}");
    }
    for name in [LOOKUP, CREATE] {
        let call = collector.span(name).await?;
        assert_eq!(hex(&call.parent_span_id), hex(&process.span_id), "{name} belongs to the processing");
    }
    assert_eq!(
        attribute(&collector.span(CREATE).await?, "http.response.status_code").as_deref(),
        Some("201")
    );
    let callback = collector.span("POST /twilio/status").await?;
    assert_eq!(callback.links.iter().map(|l| hex(&l.span_id)).collect::<Vec<_>>(), [hex(&process.span_id)]);
    let log = test.workers[0].log();
    assert!(log.contains(&format!(r#""trace_id":"{TRACE}""#)), "{log}");
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_up_nothing() -> anyhow::Result<()> {
    let url = Collector::start().await?.url();
    let test = TestEnv::builder().env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).with_worker().await?;
    for n in 0..20 {
        test.signup(&format!("u{n}"), &number(n)).await?;
    }
    test.finish(Expect::users(20)).await
}
