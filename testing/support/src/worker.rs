//! `worker run`, as a process of its own.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{PATIENCE, Process, Release, Signal, until};

/// What a worker has from SIGTERM to its end, with room for a busy machine.
const STOPPING: Duration = Duration::from_secs(28);

/// A running worker; dropping it kills it.
pub struct Worker {
    release: Release,
    process: Process,
    ops: SocketAddr,
    webhook: Option<SocketAddr>,
}

impl Worker {
    /// Starts one and waits until it listens.
    pub(crate) async fn start(
        release: Release,
        name: &str,
        env: &BTreeMap<String, String>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut process = Process::start(release.program(), name, &["run"], env, folder)?;
        let callbacks = env.contains_key("PUBLIC_URL");
        let (ops, webhook) = until("a worker listens", PATIENCE, async || {
            ensure!(process.ended()?.is_none(), "the worker ended: {}", process.stderr());
            let log = process.stderr();
            let (ops, webhook) = (listening(&log, "OPS_ADDR"), listening(&log, "WEBHOOK_ADDR"));
            Ok(match ops {
                Some(ops) if webhook.is_some() || !callbacks => Ok((ops, webhook)),
                _ => Err(log),
            })
        })
        .await?;
        Ok(Self { release, process, ops, webhook })
    }

    /// Its release.
    pub fn release(&self) -> Release {
        self.release
    }

    /// Where its probes answer.
    pub fn ops(&self) -> SocketAddr {
        self.ops
    }

    /// Where it takes callbacks.
    pub fn webhook(&self) -> Option<SocketAddr> {
        self.webhook
    }

    /// Where its dashboard is, if it has one.
    pub fn admin(&self) -> Option<SocketAddr> {
        listening(&self.log(), "ADMIN_ADDR")
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Status and body of one of its probes, such as `readyz`.
    pub async fn probe(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let answer = client.get(format!("http://{}/{path}", self.ops)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Waits until `/readyz` answers with this status.
    pub async fn until_ready(&self, status: u16) -> anyhow::Result<String> {
        until(&format!("/readyz answers {status}"), PATIENCE, async || {
            let (got, body) = self.probe("readyz").await?;
            Ok(if got == status { Ok(body) } else { Err(format!("{got} {body}")) })
        })
        .await
    }

    /// The value of a counter or gauge: the sum over all labels that contain `labels`.
    pub async fn metric(&self, name: &str, labels: &str) -> anyhow::Result<f64> {
        let (_, text) = self.probe("metrics").await?;
        let lines = text.lines().filter(|l| {
            l.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])) && l.contains(labels)
        });
        let values = lines.filter_map(|l| l.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Whether it has ended, by itself or not.
    pub fn is_gone(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.ended()?.is_some())
    }

    /// SIGKILL.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// SIGTERM; waits for its end, which must be exit code 0 in time.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::Term)?;
        let status = self.process.wait(STOPPING).await?;
        ensure!(status.success(), "the worker ended with {status}: {}", self.process.stderr());
        Ok(())
    }

    /// Waits until it ends by itself; returns exit code and log.
    pub async fn ended(mut self) -> anyhow::Result<(i32, String)> {
        let status = self.process.wait(PATIENCE).await?;
        Ok((status.code().context("ended by a signal")?, self.process.stderr()))
    }
}

/// The address after `listening` in the JSON log.
fn listening(log: &str, setting: &str) -> Option<SocketAddr> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|l| l["setting"] == setting)?["address"].as_str()?.parse().ok()
}
