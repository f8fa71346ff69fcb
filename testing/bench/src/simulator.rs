//! The simulated Twilio. Its ledger measures times and rates.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{process::Process, program::program};

/// The simulator.
pub(crate) struct Simulator {
    process: Process,
    url: String,
    ledger: PathBuf,
    client: reqwest::Client,
}

/// Its totals.
#[derive(Debug, Deserialize)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) duplicates: u64,
}

#[derive(Deserialize)]
struct Line {
    to: String,
    created_ms: i64,
}

impl Simulator {
    /// Starts it on a free port with `args` beside the defaults.
    pub(crate) async fn start(args: &[&str], folder: &Path) -> anyhow::Result<Self> {
        let ledger = folder.join(format!("ledger-{}", uuid::Uuid::now_v7().simple()));
        let mut all = vec!["--listen", "127.0.0.1:0"];
        all.extend(args);
        let path = ledger.to_str().context("the folder's name")?;
        if !args.contains(&"--fast") {
            all.extend(["--ledger", path]);
        }
        let mut process = Process::start(&program("twilio-sim")?, &all, &BTreeMap::new(), folder)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        for _ in 0..500 {
            process.check()?;
            let said = process.output();
            if let Some(url) = said.lines().find_map(|l| l.split_once("listening on ")).map(|(_, url)| url) {
                return Ok(Self { url: url.trim().to_owned(), process, ledger, client });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the simulator does not listen: {}", process.output())
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) async fn totals(&self) -> anyhow::Result<Totals> {
        self.get("stats").await
    }

    /// When each create call arrived, in ms since the Unix epoch, with its segments; refused ones included.
    pub(crate) async fn arrivals(&self) -> anyhow::Result<Vec<(i64, u16)>> {
        #[derive(Deserialize)]
        struct Timeline {
            arrivals: Vec<(i64, u16)>,
        }
        Ok(self.get::<Timeline>("timeline").await?.arrivals)
    }

    /// When each number's message was created, in ms since the Unix epoch.
    pub(crate) fn created(&self) -> anyhow::Result<HashMap<String, i64>> {
        let text = fs::read_to_string(&self.ledger)?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        Ok(lines.map(|line| (line.to, line.created_ms)).collect())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.client.get(format!("{}/_sim/{path}", self.url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}
