//! A real Prometheus (Debian's package) that scrapes workers and judges our rules.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::{PATIENCE, promtool::rules, skip, until};

/// A running Prometheus; dropping it kills it.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes `targets`, each with the name of its job, and waits until it has seen all of them.
    /// `None`: it is not installed, and the scenario was named as skipped.
    pub async fn start(targets: &[(&str, SocketAddr)], interval: Duration) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::with_prefix("faults-prometheus-")?;
        let path = folder.path();
        fs::write(path.join("prometheus.yml"), config(targets, interval))?;
        let address = free_address()?;
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", path.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", path.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path.join("log"))?);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                skip("prometheus is not installed (Debian package prometheus)")?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let running = Self { child, address, client, _folder: folder };
        until("every target was scraped", PATIENCE, async || {
            let up = running.query("count(up == 1)").await.unwrap_or_default();
            let seen = up.first().map(|row| row["value"][1].to_string()).unwrap_or_default();
            Ok(if seen == format!("\"{}\"", targets.len()) { Ok(()) } else { Err(seen) })
        })
        .await?;
        Ok(Some(running))
    }

    /// The present result of a query. If the query fails, the error contains Prometheus's answer.
    pub async fn query(&self, expression: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self
            .client
            .post(format!("http://{}/api/v1/query", self.address))
            .form(&[("query", expression)])
            .send()
            .await?;
        let body: Value = answer.json().await?;
        let rows = body["data"]["result"].as_array();
        Ok(rows.with_context(|| format!("{expression}: {body}"))?.clone())
    }

    /// The names of the alerts that fire now.
    pub async fn firing(&self) -> anyhow::Result<Vec<String>> {
        let rows = self.query(r#"ALERTS{alertstate="firing"}"#).await?;
        let name = |row: &Value| row["metric"]["alertname"].as_str().map(str::to_owned);
        Ok(rows.iter().filter_map(name).collect())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Err: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(targets: &[(&str, SocketAddr)], interval: Duration) -> String {
    let every = format!("{}ms", interval.as_millis());
    let rules = rules().join("alerts.yml");
    let mut text = format!(
        "global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: {every}}}\n\
         rule_files: [{}]\nscrape_configs:\n",
        rules.display()
    );
    for (job, address) in targets {
        let _infallible =
            writeln!(text, "  - {{job_name: {job}, static_configs: [{{targets: [\"{address}\"]}}]}}");
    }
    text
}

/// A port that was free a moment ago.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
