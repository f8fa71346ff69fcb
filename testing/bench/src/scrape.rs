//! What a scrape of `/metrics` costs while the worker has all it can do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::task::JoinHandle;

use crate::{
    percentile::{median, percentile},
    process::Process,
    report::Row,
    worker,
};

const INTERVAL: Duration = Duration::from_secs(1);

/// One scrape.
struct Scrape {
    took: Duration,
    bytes: usize,
}

/// Scrapes once a second until it is finished or dropped.
pub(crate) struct Scrapes(JoinHandle<anyhow::Result<()>>, std::sync::mpsc::Receiver<Scrape>);

impl Scrapes {
    /// Of a worker that has said where it listens.
    pub(crate) fn start(worker: &Process) -> anyhow::Result<Self> {
        let url = format!(
            "http://{}/metrics",
            worker::address(&worker.output(), "OPS_ADDR").context("no address of OPS_ADDR")?
        );
        let client = reqwest::Client::builder().no_proxy().build()?;
        let (told, seen) = std::sync::mpsc::channel();
        let task = tokio::spawn(async move {
            let mut clock = tokio::time::interval(INTERVAL);
            // The first tick is at once: before there is a load.
            clock.tick().await;
            loop {
                clock.tick().await;
                let began = Instant::now();
                let bytes = client.get(&url).send().await?.error_for_status()?.bytes().await?.len();
                told.send(Scrape { took: began.elapsed(), bytes })?;
            }
        });
        Ok(Self(task, seen))
    }

    /// Median and highest, as they were until now.
    pub(crate) fn finish(self) -> anyhow::Result<Row> {
        let scrapes: Vec<Scrape> = self.1.try_iter().collect();
        ensure!(!scrapes.is_empty(), "no scrape: the run was shorter than {INTERVAL:?}");
        let mut took: Vec<f64> = scrapes.iter().map(|s| s.took.as_secs_f64() * 1e3).collect();
        let bytes = scrapes.iter().map(|s| s.bytes).max().unwrap_or_default();
        let mut row = Row::new("scrape of /metrics meanwhile");
        row.p50 = median(&mut took);
        row.p99 = percentile(&mut took, 100.0);
        row.note = format!("{} scrapes of up to {bytes} bytes; p99 is the slowest", scrapes.len());
        Ok(row)
    }
}

impl Drop for Scrapes {
    fn drop(&mut self) {
        self.0.abort();
    }
}
