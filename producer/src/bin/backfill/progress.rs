//! Reports progress: on standard error for people, as lines of JSON on standard output for
//! `--output jsonl`.

use std::time::{Duration, Instant};

use producer::cli::{Output, Progress, json_line, print_line};
use serde::Serialize;

use crate::{args::Showing, outcomes::OutcomeStats};

const EVERY: Duration = Duration::from_secs(1);

/// The phase of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Planning without publishing.
    Planning,
    /// Publishing.
    Enqueueing,
    /// Waiting for the outcomes of the canary.
    Canary,
    /// Waiting for the outcomes of the run.
    Watching,
}

/// Reports the progress of one phase.
pub(crate) struct ProgressReporter {
    phase: Phase,
    total: u64,
    progress: Progress,
    jsonl: bool,
    /// When the last line of JSON was written.
    last: Option<Instant>,
}

#[derive(Serialize)]
struct Status<'a> {
    r#type: &'static str,
    phase: Phase,
    done: u64,
    total: u64,
    waits_for: Option<&'a str>,
    outcomes: Option<OutcomeStats>,
}

impl ProgressReporter {
    pub(crate) fn new(phase: Phase, total: u64, showing: Showing) -> Self {
        let progress = Progress::new(phase.label(), total, showing.no_progress);
        Self { phase, total, progress, jsonl: showing.output == Output::Jsonl, last: None }
    }

    /// `done` users are processed.
    pub(crate) fn moved(&mut self, done: u64) {
        self.progress.set(done);
        self.line(done, None, None);
    }

    /// The phase waits for `reason`.
    pub(crate) fn waits(&mut self, done: u64, reason: &str) {
        self.progress.waits(reason);
        self.line(done, Some(reason), None);
    }

    /// Reports the outcomes so far.
    pub(crate) fn outcomes(&mut self, stats: OutcomeStats) {
        let done = stats.settled();
        self.progress.set(done);
        self.progress
            .waits(&format!("{} delivered, {} failed, {} sent", stats.delivered, stats.failed, stats.sent));
        self.line(done, None, Some(stats));
    }

    fn line(&mut self, done: u64, waits_for: Option<&str>, outcomes: Option<OutcomeStats>) {
        if !self.jsonl || self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        let (phase, total) = (self.phase, self.total);
        let status = Status { r#type: "status", phase, done, total, waits_for, outcomes };
        // Err: standard output is closed; the summary reports it.
        let _ = print_line(&json_line(&status));
    }
}

impl Phase {
    fn label(self) -> &'static str {
        match self {
            Phase::Planning => "planned",
            Phase::Enqueueing => "enqueued or skipped",
            Phase::Canary => "canary: outcomes known",
            Phase::Watching => "outcomes known",
        }
    }
}
