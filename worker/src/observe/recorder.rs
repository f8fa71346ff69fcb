//! The recorder of metrics, and how its text is made.

use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use shared::telemetry::metric::{self, Exporter, Kind};

/// The figures of the whole service, as text, rendered once per measurement. Empty: another worker exports them, or they
/// are not known.
#[derive(Clone, Default)]
pub(crate) struct ServiceText(Arc<Mutex<Option<String>>>);

impl ServiceText {
    /// Shows what `record` records, from now on and until the next call.
    pub(crate) fn show(&self, record: impl FnOnce()) {
        self.set(Some(rendered(record)));
    }

    /// Shows nothing.
    pub(crate) fn clear(&self) {
        self.set(None);
    }

    /// Appends it to `text`.
    pub(crate) fn append_to(&self, text: &mut String) {
        if let Some(own) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
            text.push_str(own);
        }
    }

    fn set(&self, text: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// Installs the recorder of metrics; call it once, before anything is counted.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
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

/// Runs `record` against a recorder of its own; returns what it recorded, as text.
fn rendered(record: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        metric::describe(metric::of(&[Exporter::Leader]));
        record();
    });
    recorder.handle().render()
}
