//! Publishes lines as they arrive, hundreds at a time.

use futures::{StreamExt, stream};
use producer::{Producer, PublishError};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::line::{BadLine, Entry, Line};

/// Events that wait for their confirm.
const IN_FLIGHT: usize = 512;
/// After this many lines in a row without a connection, the rest of the input is not read.
const GIVE_UP_AFTER: usize = 2 * IN_FLIGHT;

/// The result of publishing.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) stats: Stats,
    /// Set if the broker stayed unreachable and lines were not read.
    pub(crate) gave_up: Option<String>,
}

/// Publishes every line. On `stop` it reads no more lines and waits for those in flight.
pub(crate) async fn all(producer: &Producer, lines: mpsc::Receiver<Line>, stop: &CancellationToken) -> End {
    let enough = stop.child_token();
    let lines = stream::unfold(lines, |mut lines| async { Some((lines.recv().await?, lines)) });
    let mut results = lines
        .take_until(enough.cancelled())
        .map(|line| async move { publish(producer, line).await })
        .buffer_unordered(IN_FLIGHT)
        .boxed_local();
    let (mut end, mut unavailable) = (End::default(), 0);
    while let Some((number, result)) = results.next().await {
        unavailable = if is_unavailable(&result) { unavailable + 1 } else { 0 };
        if unavailable == GIVE_UP_AFTER {
            end.gave_up = Some("RabbitMQ stays unreachable; the remaining lines were not read".to_owned());
            enough.cancel();
        }
        note(number, &result);
        match result {
            LineResult::Published(result) => end.stats.count(&result),
            LineResult::Rejected(_) => end.stats.reject(),
        }
    }
    end
}

enum LineResult {
    Published(Result<(), PublishError>),
    Rejected(BadLine),
}

async fn publish(producer: &Producer, line: Line) -> (Option<u64>, LineResult) {
    let result = match line.entry {
        Ok(Entry::Signup(signup)) => LineResult::Published(producer.signed_up(&signup).await.map(|_| ())),
        Ok(Entry::Event { id, route, body }) => {
            LineResult::Published(producer.verbatim(id, route, body).await.map(|_| ()))
        }
        Err(why) => LineResult::Rejected(why),
    };
    (line.number, result)
}

fn is_unavailable(result: &LineResult) -> bool {
    matches!(result, LineResult::Published(Err(PublishError::Unavailable { .. } | PublishError::Lost { .. })))
}

fn note(number: Option<u64>, result: &LineResult) {
    let why: &dyn std::fmt::Display = match result {
        LineResult::Published(Ok(())) => return,
        LineResult::Published(Err(error)) => error,
        LineResult::Rejected(why) => why,
    };
    match number {
        Some(number) => eprintln!("line {number}: {why}"),
        None => eprintln!("{why}"),
    }
}

/// The last line on standard output.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    /// Events that were sent to the broker.
    published: u64,
    /// Events that the broker confirmed.
    confirmed: u64,
    /// Events that the broker returned because no queue was bound.
    returned: u64,
    /// Events that were refused or not confirmed in time, or that had no connection.
    refused: u64,
    /// Lines without a valid signup.
    rejected: u64,
}

impl Stats {
    pub(crate) fn count<T>(&mut self, result: &Result<T, PublishError>) {
        self.published += 1;
        match result {
            Ok(_) => self.confirmed += 1,
            Err(PublishError::Returned { .. }) => self.returned += 1,
            Err(_) => self.refused += 1,
        }
    }

    pub(crate) fn reject(&mut self) {
        self.rejected += 1;
    }

    pub(crate) fn all_confirmed(&self) -> bool {
        self.confirmed == self.published && self.rejected == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_counted_once() {
        let mut stats = Stats::default();
        let id = || "e".to_owned();
        stats.count(&Ok(()));
        assert!(stats.all_confirmed());
        stats.count::<()>(&Err(PublishError::Returned { id: id() }));
        stats.count::<()>(&Err(PublishError::Timeout { id: id() }));
        stats.count::<()>(&Err(PublishError::Unavailable { id: id() }));
        stats.reject();
        let text = serde_json::to_string(&stats).unwrap();
        assert_eq!(text, r#"{"published":4,"confirmed":1,"returned":1,"refused":2,"rejected":1}"#);
        assert!(!stats.all_confirmed());
    }
}
