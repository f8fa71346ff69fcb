//! A client and a callback receiver for the tests.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod receiver;

use reqwest::{Client, Response};
use serde_json::Value;
use twilio_sim::{Options, Rule, Simulator};

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SERVICE: &str = "MG00000000000000000000000000000001";
pub(crate) const SENDER: &str = "+15005550006";
pub(crate) const NUMBER: &str = "+9779841234567";

/// A simulator and a client with its credentials.
pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
}

/// Status and JSON of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A client for plain HTTP; the process-wide TLS provider stays unset, as in a program without TLS.
pub(crate) fn client() -> Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().expect("a client")
}

/// Waits until the condition holds.
pub(crate) async fn eventually(condition: impl Fn() -> bool) {
    let held = async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), held).await.expect("the condition in time");
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        Self { status, body: response.json().await.expect("a JSON body") }
    }

    pub(crate) fn code(&self) -> Option<u64> {
        self.body["code"].as_u64()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Options { callback_delay: std::time::Duration::from_millis(10), ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        Self { simulator: Simulator::start(options).expect("a free port"), client: client() }
    }

    pub(crate) fn faults(rule: Rule) -> Self {
        let bench = Self::new();
        bench.simulator.set_faults([rule]);
        bench
    }

    pub(crate) fn messages_url(&self) -> String {
        format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", self.simulator.url())
    }

    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> reqwest::Result<Response> {
        self.client.post(url).basic_auth(ACCOUNT, Some(TOKEN)).form(fields).send().await
    }

    /// A create call that may end without an answer.
    pub(crate) async fn try_create(&self, fields: &[(&str, &str)]) -> reqwest::Result<Response> {
        self.post(&self.messages_url(), fields).await
    }

    pub(crate) async fn create(&self, fields: &[(&str, &str)]) -> Answer {
        Answer::of(self.try_create(fields).await.expect("an answer")).await
    }

    /// A message through the service.
    pub(crate) async fn send(&self, to: &str) -> Answer {
        self.create(&[("To", to), ("MessagingServiceSid", SERVICE), ("Body", "hello")]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.simulator.url());
        let response = self.client.get(url).basic_auth(ACCOUNT, Some(TOKEN)).send().await;
        Answer::of(response.expect("an answer")).await
    }

    /// A call of the Content API.
    pub(crate) async fn json(&self, method: reqwest::Method, path: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.simulator.url());
        let request = self.client.request(method, url).basic_auth(ACCOUNT, Some(TOKEN));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// The status of a deletion.
    pub(crate) async fn delete(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.simulator.url());
        let request = self.client.delete(url).basic_auth(ACCOUNT, Some(TOKEN));
        request.send().await.expect("an answer").status().as_u16()
    }

    pub(crate) async fn lookup(&self, number: &str, query: &str) -> Answer {
        self.get(&format!("/v2/PhoneNumbers/{}?{query}", number.replace('+', "%2B"))).await
    }

    pub(crate) async fn list(&self, query: &str) -> Answer {
        self.get(&format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?{query}")).await
    }

    pub(crate) async fn fetch(&self, sid: &str) -> Answer {
        self.get(&format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json")).await
    }

    /// Fetches until the message has this status.
    pub(crate) async fn wait_for_status(&self, sid: &str, status: &str) -> Answer {
        let reached = async {
            loop {
                let answer = self.fetch(sid).await;
                if answer.text("status") == status {
                    return answer;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), reached).await.expect("the status in time")
    }

    pub(crate) async fn admin(&self, path: &str, body: &str) -> Answer {
        let url = format!("{}/_sim/{path}", self.simulator.url());
        let response = self.client.post(url).body(body.to_owned()).send().await;
        Answer::of(response.expect("an answer")).await
    }

    /// A `GET` of the simulator's own endpoints.
    pub(crate) async fn show(&self, path: &str) -> Value {
        let url = format!("{}/_sim/{path}", self.simulator.url());
        Answer::of(self.client.get(url).send().await.expect("an answer")).await.body
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.simulator.ledger().stats().accepted
    }
}
