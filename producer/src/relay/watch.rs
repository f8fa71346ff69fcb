//! Metrics of a relay: how much waits, and for how long. Off unless `RELAY_OPS_ADDR` is set.

use std::{net::SocketAddr, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use shared::{
    config::{Fault, Faults, settings::RELAY_OPS_ADDR},
    db,
    telemetry::metric::{self, Exporter, Kind},
};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::table;
use crate::command::Failure;

/// How often the outbox is measured; a scrape asks nobody.
const INTERVAL: Duration = Duration::from_secs(15);

/// Serves `/metrics` on `address` and measures until it is dropped.
pub(super) struct Watch(JoinHandle<()>);

impl Watch {
    pub(super) fn start(address: SocketAddr, pool: PgPool) -> Result<Self, Failure> {
        install(address).map_err(|why| occupied(address, &why))?;
        let process = metrics_process::Collector::default();
        process.describe();
        Ok(Self(tokio::spawn(async move {
            loop {
                process.collect();
                match table::waiting(&pool).await {
                    Ok((rows, age)) => show(rows, age),
                    Err(error) => tracing::warn!(error = db::sqlstate(&error), "the outbox was not measured"),
                }
                tokio::time::sleep(INTERVAL).await;
            }
        })))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn occupied(address: SocketAddr, why: &dyn std::fmt::Display) -> Failure {
    let what = format!("{address} cannot be used: {why}. Stop what holds it, or set another address");
    Failure::Configuration(Faults(vec![Fault { name: RELAY_OPS_ADDR.name.to_owned(), what }]))
}

fn install(address: SocketAddr) -> Result<(), metrics_exporter_prometheus::BuildError> {
    let builder = PrometheusBuilder::new().with_http_listener(address);
    let builder =
        metric::of(&[Exporter::Publisher]).try_fold(builder, |builder, metric| match metric.kind {
            Kind::Histogram(bounds) => {
                builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
            }
            _ => Ok(builder),
        })?;
    builder.install()?;
    metric::describe(metric::of(&[Exporter::Publisher, Exporter::Relay]));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows fits a double")]
fn show(rows: i64, age: f64) {
    metrics::gauge!("onboarding_outbox_pending_events").set(rows as f64);
    metrics::gauge!("onboarding_outbox_oldest_event_age_seconds").set(age);
}
