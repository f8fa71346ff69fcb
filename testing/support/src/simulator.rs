//! The simulated Twilio, as a process of its own.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Ledger, PATIENCE, Process, Sent, Signal, injected, until};

/// The simulator and its ledger.
pub struct Simulator {
    process: Process,
    url: String,
    client: reqwest::Client,
}

impl Simulator {
    /// Starts it on a free port with `args` beside the defaults.
    pub(crate) async fn start(args: &[&str], folder: &Path) -> anyhow::Result<Self> {
        let all: Vec<&str> = ["--listen", "127.0.0.1:0"].into_iter().chain(args.iter().copied()).collect();
        let mut process = Process::start("twilio-sim", "twilio-sim", &all, &BTreeMap::new(), folder)?;
        let url = until("the simulator listens", PATIENCE, async || {
            ensure!(process.ended()?.is_none(), "the simulator ended: {}", process.stderr());
            let said = process.stdout();
            let line = said.strip_suffix('\n').and_then(|text| text.lines().next());
            Ok(line.and_then(|l| l.rsplit_once(' ')).map(|(_, url)| url.to_owned()).ok_or(said))
        })
        .await?;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { process, url, client })
    }

    /// Where it answers, beside every proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The ledger's totals, without the counts of each number.
    pub async fn totals(&self) -> anyhow::Result<Ledger> {
        self.get("stats").await
    }

    /// The ledger.
    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        self.get("stats?per_number=true").await
    }

    /// Every accepted message.
    pub async fn sent(&self) -> anyhow::Result<Vec<Sent>> {
        #[derive(Deserialize)]
        struct Page {
            messages: Vec<Sent>,
        }
        Ok(self.get::<Page>("messages?limit=1000000").await?.messages)
    }

    /// Sets the rules of what goes wrong; an empty list ends all faults.
    pub async fn faults(&self, rules: Value) -> anyhow::Result<()> {
        injected(rules.as_array().map_or(1, Vec::len));
        self.send(Method::PUT, "faults", rules).await
    }

    /// Refuses every credential, or stops doing so.
    pub async fn revoke(&self, revoked: bool) -> anyhow::Result<()> {
        injected(usize::from(revoked));
        self.send(Method::POST, "credentials", json!({ "revoked": revoked })).await
    }

    /// Freezes the whole simulator.
    pub fn freeze(&self) -> anyhow::Result<()> {
        injected(1);
        self.process.signal(Signal::Stop)
    }

    /// Lets it go on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::Cont)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.client.get(format!("{}/_sim/{path}", self.url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> anyhow::Result<()> {
        let request = self.client.request(method, format!("{}/_sim/{path}", self.url)).json(&body);
        let answer = request.send().await.context("the simulator")?;
        let status = answer.status();
        ensure!(status.is_success(), "the simulator answered {status} to {body}: {}", answer.text().await?);
        Ok(())
    }
}

/// The totals of the simulator at `url`, asked by a client of its own: for a thread that outlives the scenario's runtime.
pub(crate) async fn ledger_at(url: &str) -> anyhow::Result<Ledger> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("{url}/_sim/stats")).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}
