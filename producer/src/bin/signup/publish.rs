//! Publishes lines as they come, hundreds at a time.

use futures::{StreamExt, stream};
use producer::{Producer, PublishError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    line::{Entry, Line, NoSignup},
    tally::Tally,
};

/// Events waiting for their confirm.
const IN_FLIGHT: usize = 512;
/// So many lines in a row without a connection: the rest of the file would fare no better.
const GIVE_UP_AFTER: usize = 2 * IN_FLIGHT;

/// How it ended.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) tally: Tally,
    /// Set when the broker stayed away and lines were left unread.
    pub(crate) gave_up: Option<String>,
}

/// Publishes every line, until `stop`: then no more are read and those in flight are waited for.
pub(crate) async fn all(producer: &Producer, lines: mpsc::Receiver<Line>, stop: &CancellationToken) -> End {
    let enough = stop.child_token();
    let lines = stream::unfold(lines, |mut lines| async { Some((lines.recv().await?, lines)) });
    let mut verdicts = lines
        .take_until(enough.cancelled())
        .map(|line| async move { publish(producer, line).await })
        .buffer_unordered(IN_FLIGHT)
        .boxed_local();
    let (mut end, mut unavailable) = (End::default(), 0);
    while let Some((number, verdict)) = verdicts.next().await {
        unavailable = if is_unavailable(&verdict) { unavailable + 1 } else { 0 };
        if unavailable == GIVE_UP_AFTER {
            end.gave_up = Some("RabbitMQ stays unreachable; lines were left unread".to_owned());
            enough.cancel();
        }
        note(number, &verdict);
        match verdict {
            Verdict::Published(result) => end.tally.count(&result),
            Verdict::Rejected(_) => end.tally.reject(),
        }
    }
    end
}

enum Verdict {
    Published(Result<(), PublishError>),
    Rejected(NoSignup),
}

async fn publish(producer: &Producer, line: Line) -> (Option<u64>, Verdict) {
    let verdict = match line.entry {
        Ok(Entry::Signup(signup)) => Verdict::Published(producer.signed_up(&signup).await.map(|_| ())),
        Ok(Entry::Event { id, body }) => Verdict::Published(producer.verbatim(id, body).await.map(|_| ())),
        Err(why) => Verdict::Rejected(why),
    };
    (line.number, verdict)
}

fn is_unavailable(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Published(Err(PublishError::Unavailable { .. } | PublishError::Lost { .. })))
}

fn note(number: Option<u64>, verdict: &Verdict) {
    let why: &dyn std::fmt::Display = match verdict {
        Verdict::Published(Ok(())) => return,
        Verdict::Published(Err(error)) => error,
        Verdict::Rejected(why) => why,
    };
    match number {
        Some(number) => eprintln!("line {number}: {why}"),
        None => eprintln!("{why}"),
    }
}
