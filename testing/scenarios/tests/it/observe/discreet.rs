//! Logs, metrics and traces do not identify users.

use support::{Collector, TestEnv, number, texts};

use super::fault_run::{self, NAMES, USERS};

#[tokio::test(flavor = "multi_thread")]
async fn logs_metrics_and_traces_hold_no_number_and_no_name() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let plan = TestEnv::builder()
        .env("RUST_LOG", "trace")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .env("OTEL_BSP_SCHEDULE_DELAY", "200");
    let test = fault_run::play(plan).await?;
    collector.span("POST /twilio/status").await?;
    let (_, metrics) = test.workers[0].probe("metrics").await?;
    let spans: Vec<String> = collector.spans().iter().map(texts).collect();
    let traces = spans.join("\n");
    let log = test.workers[0].log();
    assert!(
        log.contains("\"welcome\"") && traces.contains("messaging.system"),
        "there is something to search"
    );
    let numbers = (0..USERS).chain([500]).map(number);
    // As sent, without the country code, and as typed.
    let seeded = numbers.flat_map(|n| [n.clone(), n.trim_start_matches("+977").to_owned()]);
    let typed = ["4412345", "98०७९६९२७९", "9807969279", "6502530000", "650 253 0000"].map(str::to_owned);
    for secret in seeded.chain(typed).chain(NAMES.map(str::to_owned)) {
        for (place, text) in [("the log", &log), ("the metrics", &metrics), ("the traces", &traces)] {
            assert!(!text.contains(&secret), "{place} holds {secret}: {}", line_with(text, &secret));
        }
    }
    test.finish(fault_run::expect()).await
}

fn line_with<'a>(text: &'a str, secret: &str) -> &'a str {
    text.lines().find(|line| line.contains(secret)).unwrap_or_default()
}
