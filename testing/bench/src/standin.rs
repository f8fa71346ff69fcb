//! What answers in Twilio's place at full speed: nginx where it is installed, else the simulator.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::{process::Process, simulator::Simulator};

const NGINX: &str = include_str!("standin.nginx.conf");
const PLACES: [&str; 3] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"];

/// A stand-in that answers at once.
pub(crate) enum StandIn {
    Nginx(Nginx),
    Simulator(Simulator),
}

/// nginx with a fixed answer.
pub(crate) struct Nginx {
    process: Process,
    url: String,
    client: reqwest::Client,
    /// Our own requests, which it counts too.
    asked: u64,
    calls_per_event: u64,
}

/// Where nginx is, if it is installed.
pub(crate) fn nginx() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// The word for it in the report.
pub(crate) fn kind() -> &'static str {
    if nginx().is_some() { "nginx, one process" } else { "twilio-sim --fast (nginx is not installed)" }
}

impl StandIn {
    /// Starts it. A welcome makes two calls, Lookup and the message; other messages make one.
    pub(crate) async fn start(folder: &Path, calls_per_event: u64) -> anyhow::Result<Self> {
        match nginx() {
            Some(path) => Ok(Self::Nginx(Nginx::start(&path, folder, calls_per_event).await?)),
            None => Ok(Self::Simulator(Simulator::start(&["--fast"], folder).await?)),
        }
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Nginx(nginx) => &nginx.url,
            Self::Simulator(simulator) => simulator.url(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Nginx(nginx) => nginx.process.pid(),
            Self::Simulator(simulator) => simulator.pid(),
        }
    }

    /// Events whose calls were all made, roughly.
    pub(crate) async fn events(&mut self) -> anyhow::Result<u64> {
        match self {
            Self::Nginx(nginx) => Ok(nginx.calls().await? / nginx.calls_per_event),
            Self::Simulator(simulator) => Ok(simulator.totals().await?.accepted),
        }
    }
}

impl Nginx {
    async fn start(path: &Path, folder: &Path, calls_per_event: u64) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let shown = folder.to_str().context("the folder's name")?;
        let text = NGINX.replace("{folder}", shown).replace("{port}", &port.to_string());
        let conf = folder.join("nginx.conf");
        std::fs::write(&conf, text)?;
        let args = ["-p", shown, "-c", conf.to_str().context("the folder's name")?, "-e", "stderr"];
        let process = Process::start(path, &args, &BTreeMap::new(), folder)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("http://127.0.0.1:{port}");
        let mut nginx = Self { process, url, client, asked: 0, calls_per_event };
        for _ in 0..200 {
            nginx.process.check()?;
            if nginx.calls().await.is_ok() {
                return Ok(nginx);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("nginx does not answer: {}", nginx.process.output())
    }

    /// Requests so far but for our own.
    async fn calls(&mut self) -> anyhow::Result<u64> {
        let answer = self.client.get(format!("{}/stand-in", self.url)).send().await?;
        self.asked += 1;
        let text = answer.error_for_status()?.text().await?;
        // Third line: accepted, handled, requests.
        let line = text.lines().nth(2).context("nginx's status")?;
        let requests: u64 = line.split_whitespace().nth(2).context("nginx's status")?.parse()?;
        Ok(requests.saturating_sub(self.asked))
    }
}
