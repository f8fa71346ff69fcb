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
        self.command(Method::PUT, "faults", rules).await
    }

    /// Refuses every credential, or stops doing so.
    pub async fn revoke(&self, revoked: bool) -> anyhow::Result<()> {
        injected(usize::from(revoked));
        self.command(Method::POST, "credentials", json!({ "revoked": revoked })).await
    }

    /// Loads contents in the form of `ContentAndApprovals` and returns their SIDs.
    pub async fn load_contents(&self, contents: Value) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Loaded {
            contents: Vec<Content>,
        }
        #[derive(Deserialize)]
        struct Content {
            sid: String,
        }
        let loaded: Loaded = self.send(Method::POST, "content", contents).await?;
        Ok(loaded.contents.into_iter().map(|content| content.sid).collect())
    }

    /// Changes a content, for example `{"status":"paused"}`.
    pub async fn change_content(&self, sid: &str, change: Value) -> anyhow::Result<()> {
        injected(1);
        self.command(Method::POST, &format!("content/{sid}"), change).await
    }

    /// Has people write to us: one message, or a batch.
    pub async fn inbound(&self, messages: Value) -> anyhow::Result<Value> {
        self.send(Method::POST, "inbound", messages).await
    }

    /// Deletes a content.
    pub async fn delete_content(&self, sid: &str) -> anyhow::Result<()> {
        injected(1);
        self.command(Method::DELETE, &format!("content/{sid}"), Value::Null).await
    }

    /// Changes the WhatsApp senders, for example `{"status":"OFFLINE"}`.
    pub async fn change_senders(&self, change: Value) -> anyhow::Result<()> {
        injected(1);
        self.command(Method::POST, "senders", change).await
    }

    /// Opens the window between a person and all WhatsApp senders for 24 hours.
    pub async fn open_window(&self, person: &str) -> anyhow::Result<()> {
        self.command(Method::POST, "window", json!({ "from": person })).await
    }

    /// Switches a person's phone off: messages to it stay `sent`.
    pub async fn switch_off(&self, person: &str) -> anyhow::Result<()> {
        injected(1);
        self.command(Method::POST, "offline", json!({ "to": person })).await
    }

    /// Switches the phone on: all messages that waited are delivered.
    pub async fn switch_on(&self, person: &str) -> anyhow::Result<()> {
        self.command(Method::POST, "online", json!({ "to": person })).await
    }

    /// Moves the simulator's clock ahead, for example by `24h`.
    pub async fn advance(&self, time: &str) -> anyhow::Result<()> {
        self.command(Method::POST, "clock", json!({ "advance": time })).await
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

    async fn command(&self, method: Method, path: &str, body: Value) -> anyhow::Result<()> {
        self.send::<Value>(method, path, body).await.map(drop)
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Value) -> anyhow::Result<T> {
        let request = self.client.request(method, format!("{}/_sim/{path}", self.url)).json(&body);
        let answer = request.send().await.context("the simulator")?;
        let status = answer.status();
        ensure!(status.is_success(), "the simulator answered {status} to {body}: {}", answer.text().await?);
        Ok(answer.json().await?)
    }
}

/// The totals of the simulator at `url`, asked by a client of its own: for a thread that outlives the scenario's runtime.
pub(crate) async fn ledger_at(url: &str) -> anyhow::Result<Ledger> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("{url}/_sim/stats")).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}
