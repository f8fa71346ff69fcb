//! `/metrics` after everything went wrong once.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use shared::telemetry::metric::{self, Exporter, Kind, Metric};
use support::{Expect, PATIENCE, TestEnv, promtool, samples, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::fault_run;
use crate::people::signups;

/// Of one process.
const BUDGET: usize = 640;
/// Enough to keep the worker busy while it is scraped.
const USERS: u32 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_run_leaves_few_series_and_only_those_of_the_table() -> anyhow::Result<()> {
    let test = fault_run::play(TestEnv::builder()).await?;
    let text = until("the figures of the service are there", PATIENCE, async || {
        let (_, text) = test.workers[0].probe("metrics").await?;
        Ok(if text.contains("onboarding_users") { Ok(text) } else { Err("not yet".to_owned()) })
    })
    .await?;
    let samples = samples(&text)?;
    println!("{} series, {} bytes", samples.len(), text.len());
    assert!(samples.len() < BUDGET, "{} series", samples.len());
    let find = |name: &str| metric::all().find(|m| m.name == name);
    let histogram = |stem: &str| find(stem).is_some_and(|m| matches!(m.kind, Kind::Histogram(_)));
    let mut seen = BTreeSet::new();
    for sample in &samples {
        let metric =
            find(&sample.metric(histogram)).unwrap_or_else(|| panic!("{} is not in the table", sample.name));
        seen.insert(metric.name);
        let labels = sample.labels.iter().filter(|(label, _)| *label != "le");
        for (name, value) in labels {
            let label = metric.labels.iter().find(|l| l.name == name.as_str());
            let label = label.unwrap_or_else(|| panic!("{}: the table knows no label {name}", metric.name));
            assert!(label.words.allow(value), "{}: {name}={value:?} is not in the table", metric.name);
        }
    }
    let exporters = [Exporter::Worker, Exporter::Publisher, Exporter::Leader];
    let missing: Vec<&str> =
        metric::of(&exporters).filter(|m| !seen.contains(m.name)).map(|m: &Metric| m.name).collect();
    assert_eq!(missing, Vec::<&str>::new(), "in the table, but not in the scrape");
    promtool(&["check", "metrics"], &text)?;
    test.finish(fault_run::expect()).await
}

/// The whole exchange, without the cost of making a client.
async fn scrape(test: &TestEnv) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(test.workers[0].ops()).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(began.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_asks_nobody() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.broker.publish_all(&signups(0..USERS)).await?;
    let mut took = Vec::new();
    while took.len() < 20 {
        took.push(scrape(&test).await?);
    }
    took.sort();
    println!("a scrape under load takes {:?}, at most {:?}", took[took.len() / 2], took[took.len() - 1]);
    test.until_final(USERS as usize).await?;
    // A scrape that asked would wait until the database thaws, which it does only afterwards.
    test.proxies.database.freeze();
    for _ in 0..20 {
        tokio::time::timeout(PATIENCE, scrape(&test)).await??;
    }
    test.proxies.database.thaw();
    test.until_all_ready().await?;
    test.finish(Expect::users(USERS as usize)).await
}
