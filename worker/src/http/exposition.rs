//! What `/metrics` shows: this process's own figures, and those of the whole service while this worker measures them.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;

use crate::{observe::recorder::ServiceText, throttle::Throttle};

/// The figures of this process.
pub(crate) struct Exposition {
    recorder: PrometheusHandle,
    process: metrics_process::Collector,
    pools: [PgPool; 3],
    throttle: Arc<Throttle>,
    service: ServiceText,
}

impl Exposition {
    /// Shows what `recorder` records, the use of `pools` and `throttle`, and the figures of the whole service.
    pub(crate) fn new(
        recorder: PrometheusHandle,
        pools: [PgPool; 3],
        throttle: Arc<Throttle>,
        service: ServiceText,
    ) -> Self {
        Self { recorder, process: metrics_process::Collector::default(), pools, throttle, service }
    }

    /// Prometheus text. Reads memory and `/proc`; asks no other service.
    pub(crate) fn render(&self) -> String {
        self.process.collect();
        let all: u32 = self.pools.iter().map(PgPool::size).sum();
        let idle: usize = self.pools.iter().map(PgPool::num_idle).sum();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        metrics::gauge!("onboarding_db_pool_connections", "state" => "idle").set(f64::from(idle));
        metrics::gauge!("onboarding_db_pool_connections", "state" => "used")
            .set(f64::from(all.saturating_sub(idle)));
        self.throttle.show();
        let mut text = self.recorder.render();
        self.service.append_to(&mut text);
        text
    }
}
