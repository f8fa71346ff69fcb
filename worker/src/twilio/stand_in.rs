//! A stand-in for Twilio in tests of other modules: it gives one answer to every request, or has routes of a test.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{Client, ClientConfig, Credentials};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TIMEOUT: Duration = Duration::from_secs(5);

type Answer = Arc<Mutex<(StatusCode, String)>>;

/// Listens on a free port of the loopback address until it is dropped.
pub(crate) struct StandIn {
    answer: Answer,
    serving: JoinHandle<()>,
    client: Client,
}

impl StandIn {
    /// Answers with 200 and no body until told otherwise.
    pub(crate) async fn start() -> Self {
        let answer = Answer::default();
        let give = |State(answer): State<Answer>| async move { answer.lock().unwrap().clone() };
        Self::serving(Router::new().fallback(give).with_state(answer.clone()), answer).await
    }

    /// Answers as `routes` do.
    pub(crate) async fn of(routes: Router) -> Self {
        Self::serving(routes, Answer::default()).await
    }

    async fn serving(routes: Router, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { answer, serving, client: client_of(&base, TIMEOUT, TIMEOUT) }
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// What it answers from now on.
    pub(crate) fn say(&self, status: StatusCode, body: &Value) {
        *self.answer.lock().unwrap() = (status, body.to_string());
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client for which everything of Twilio is at `base`.
pub(super) fn client_of(base: &str, connect_timeout: Duration, timeout: Duration) -> Client {
    Client::new(&ClientConfig {
        credentials: Credentials::token(ACCOUNT, &"00000000000000000000000000000004".into()).unwrap(),
        api_base: base.parse().unwrap(),
        lookups_base: base.parse().unwrap(),
        messaging_base: base.parse().unwrap(),
        accounts_base: base.parse().unwrap(),
        content_base: base.parse().unwrap(),
        connect_timeout,
        timeout,
    })
    .unwrap()
}
