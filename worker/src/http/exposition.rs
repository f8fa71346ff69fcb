//! What `/metrics` shows: this process's own figures, and those of the whole service while this worker measures them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use shared::telemetry::metric::{self, Exporter, Kind};
use tokio_util::sync::CancellationToken;

use crate::worker::Worker;

/// How often samples are moved into buckets: without a scrape they would pile up.
const UPKEEP: Duration = Duration::from_secs(1);

/// The figures of this process.
pub(crate) struct Exposition {
    recorder: PrometheusHandle,
    process: metrics_process::Collector,
    worker: Arc<Worker>,
    /// The figures of the whole service, as text; none: another worker exports them, or they are not known.
    pub(crate) service: ServiceText,
}

/// Rendered once per measurement; a scrape copies it.
pub(crate) type ServiceText = Arc<Mutex<Option<String>>>;

/// Installs the recorder of metrics; call it once, before anything is counted.
pub(crate) fn install_recorder() -> anyhow::Result<PrometheusHandle> {
    let handle = builder()?.install_recorder()?;
    metric::describe(metric::of(&[Exporter::Worker, Exporter::Publisher]));
    metrics_process::Collector::default().describe();
    metrics::gauge!("onboarding_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    metric::all().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(bounds) => {
            builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
        }
        _ => Ok(builder),
    })
}

impl Exposition {
    /// Shows what `recorder` records of `worker`.
    pub(crate) fn new(recorder: PrometheusHandle, worker: Arc<Worker>) -> Self {
        let process = metrics_process::Collector::default();
        Self { recorder, process, worker, service: ServiceText::default() }
    }

    /// Prometheus text. Reads memory and `/proc`; asks nobody.
    pub(crate) fn render(&self) -> String {
        self.process.collect();
        let pools = [&self.worker.pool, &self.worker.batches, &self.worker.callbacks];
        let all: u32 = pools.iter().map(|pool| pool.size()).sum();
        let idle: usize = pools.iter().map(|pool| pool.num_idle()).sum();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        metrics::gauge!("onboarding_db_pool_connections", "state" => "idle").set(f64::from(idle));
        metrics::gauge!("onboarding_db_pool_connections", "state" => "used")
            .set(f64::from(all.saturating_sub(idle)));
        let tokens = self.worker.gate.limiter.available().map_or(f64::INFINITY, f64::from);
        metrics::gauge!("onboarding_rate_available_tokens").set(tokens);
        let mut text = self.recorder.render();
        if let Some(service) = self.service.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
            text.push_str(service);
        }
        text
    }
}

/// Keeps the memory of histograms small until the worker stops.
pub(crate) async fn keep_up(recorder: PrometheusHandle, stop: CancellationToken) {
    while !stop.is_cancelled() {
        recorder.run_upkeep();
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Runs `record` against a recorder of its own; returns what it recorded, as text.
pub(crate) fn rendered(record: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        metric::describe(metric::of(&[Exporter::Leader]));
        record();
    });
    recorder.handle().render()
}
