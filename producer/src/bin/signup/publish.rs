//! Publishes lines as they come, hundreds at a time.

use futures::{StreamExt, stream};
use producer::{Producer, PublishError};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::line::{BadLine, Entry, Line};

/// Events waiting for their confirm.
const IN_FLIGHT: usize = 512;
/// So many lines in a row without a connection: the rest of the file would fare no better.
const GIVE_UP_AFTER: usize = 2 * IN_FLIGHT;

/// How it ended.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) stats: Stats,
    /// Set when the broker stayed away and lines were left unread.
    pub(crate) gave_up: Option<String>,
}

/// Publishes every line, until `stop`: then no more are read and those in flight are waited for.
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
            end.gave_up = Some("RabbitMQ stays unreachable; lines were left unread".to_owned());
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
        Ok(Entry::Event { id, body }) => LineResult::Published(producer.verbatim(id, body).await.map(|_| ())),
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
    /// Handed to the broker.
    published: u64,
    /// Stored by it.
    confirmed: u64,
    /// Given back: no queue was bound.
    returned: u64,
    /// Refused, not confirmed in time, or no connection.
    refused: u64,
    /// Lines that are no signup.
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
