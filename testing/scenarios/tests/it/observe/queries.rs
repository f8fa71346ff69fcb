//! The queries of dashboards and alerts ask for what a real run exports.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use support::{
    PATIENCE, Process, Prometheus, Query, TestEnv, alerts, dashboards, free_address, samples, until,
};

use super::fault_run;

/// Of RabbitMQ's plugin rabbitmq_prometheus, `/metrics/detailed` with the families `queue_coarse_metrics` and
/// `queue_consumer_count` (RabbitMQ docs, Prometheus).
const OF_RABBITMQ: [&str; 2] =
    ["rabbitmq_detailed_queue_consumers", "rabbitmq_detailed_queue_messages_ready"];

async fn relay(test: &mut TestEnv) -> anyhow::Result<(Process, SocketAddr)> {
    let (code, ddl) = test.program("signup", &["outbox-ddl"]).await?;
    assert_eq!(code, 0, "{ddl}");
    test.database.execute(&ddl).await?;
    let address = free_address()?;
    let mut env = test.env.clone();
    env.insert("OUTBOX_DATABASE_URL".to_owned(), test.database.url().to_owned());
    env.insert("RELAY_OPS_ADDR".to_owned(), address.to_string());
    let relay = test.start("signup", &["relay"], &env)?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    until("the relay exports", PATIENCE, async || {
        let answer = client.get(format!("http://{address}/metrics")).send().await;
        let text = match answer {
            Ok(answer) => answer.text().await?,
            Err(error) => return Ok(Err(error.to_string())),
        };
        Ok(if text.contains("onboarding_outbox_pending_events 0") { Ok(()) } else { Err(text) })
    })
    .await?;
    Ok((relay, address))
}

async fn exported(test: &TestEnv, relay: SocketAddr) -> anyhow::Result<BTreeSet<String>> {
    let mut text = until("the figures of the service are there", PATIENCE, async || {
        let (_, text) = test.workers[0].probe("metrics").await?;
        Ok(if text.contains("onboarding_users") { Ok(text) } else { Err("not yet".to_owned()) })
    })
    .await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    text += &client.get(format!("http://{relay}/metrics")).send().await?.text().await?;
    Ok(samples(&text)?.into_iter().map(|sample| sample.name).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_asks_for_what_a_real_run_exports() -> anyhow::Result<()> {
    let mut test = fault_run::play(TestEnv::builder()).await?;
    let (relay, address) = relay(&mut test).await?;
    let exported = exported(&test, address).await?;
    let all: Vec<Query> = dashboards()?.into_iter().chain(alerts()?).collect();
    assert!(all.len() > 60, "{} queries", all.len());
    for query in &all {
        let metrics = query.metrics();
        assert!(!metrics.is_empty(), "{query:?} asks for nothing of ours");
        let unknown: Vec<&&str> =
            metrics.iter().filter(|m| !exported.contains(**m) && !OF_RABBITMQ.contains(m)).collect();
        assert!(unknown.is_empty(), "{}: nobody exports {unknown:?}", query.place);
    }
    answered(&test, address).await?;
    drop(relay);
    test.finish(fault_run::expect()).await
}

/// A real Prometheus understands each of them, and has an answer to those of the dashboards.
async fn answered(test: &TestEnv, relay: SocketAddr) -> anyhow::Result<()> {
    let worker = test.workers.first().context("a worker")?.ops();
    let targets = [("onboarding", worker), ("onboarding-relay", relay)];
    let Some(prometheus) = Prometheus::start(&targets, Duration::from_secs(1)).await? else { return Ok(()) };
    for query in dashboards()?.into_iter().filter(|q| q.metrics().iter().all(|m| !OF_RABBITMQ.contains(m))) {
        until(&query.place, PATIENCE, async || {
            let rows = prometheus.query(&query.shortened()).await?;
            Ok(if rows.is_empty() { Err(query.expression.clone()) } else { Ok(()) })
        })
        .await?;
    }
    for query in alerts()? {
        prometheus.query(&query.expression).await.with_context(|| query.place.clone())?;
    }
    Ok(())
}
