//! Keeps the memory of histograms small: without a scrape, their samples would pile up.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

use super::driver::{Failed, Next, Task};

const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct RecorderUpkeep(pub(crate) PrometheusHandle);

impl Task for RecorderUpkeep {
    const NAME: &'static str = "recorder_upkeep";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    fn needs_database(&self) -> bool {
        false
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        self.0.run_upkeep();
        Ok(Next::AfterInterval)
    }
}
