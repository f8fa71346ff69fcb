//! Requests to a listener of the worker at a constant rate.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect::Policy};
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    percentile::percentile,
    report::{Row, per_second},
};

/// A client that neither uses a proxy nor follows redirects.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().redirect(Policy::none()).build()
}

/// How the requests were answered.
pub(super) struct Answers {
    /// Milliseconds from each request to its answer.
    took: Vec<f64>,
    /// Requests that were answered with another status than the wanted one, or not at all.
    failures: usize,
    limit: Duration,
}

impl Answers {
    /// How many were answered as wanted, and how fast. The note says how many were not.
    pub(super) fn row(mut self, name: &str) -> Row {
        let answered = u32::try_from(self.took.len() - self.failures).unwrap_or(u32::MAX);
        let mut row = Row::new(name);
        row.per_second = Some(per_second(answered, self.limit));
        row.p50 = percentile(&mut self.took, 50.0);
        row.p99 = percentile(&mut self.took, 99.0);
        row.note = format!("{} failed", self.failures);
        row
    }
}

/// Sends `rate` requests a second for `limit`, each without waiting for the one before. `request` makes the nth one and
/// names the HTTP status it wants.
pub(super) async fn send(
    rate: u32,
    limit: Duration,
    mut request: impl FnMut(usize) -> (RequestBuilder, u16),
) -> anyhow::Result<Answers> {
    let mut every = tokio::time::interval(Duration::from_secs(1) / rate);
    every.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut sent) = (Instant::now(), Vec::new());
    while began.elapsed() < limit {
        every.tick().await;
        let (request, wanted) = request(sent.len());
        sent.push(tokio::spawn(async move {
            let asked = Instant::now();
            let answer = request.send().await.map(|answer| answer.status().as_u16()).unwrap_or_default();
            (asked.elapsed().as_secs_f64() * 1e3, answer == wanted)
        }));
    }
    let (mut took, mut failures) = (Vec::new(), 0);
    for request in sent {
        let (ms, good) = request.await?;
        took.push(ms);
        failures += usize::from(!good);
    }
    Ok(Answers { took, failures, limit })
}
