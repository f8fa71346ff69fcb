//! The output of a command: results on standard output, progress on standard error.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);
const DRAWS_PER_SECOND: u8 = 10;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    Human,
    /// One JSON object on one line.
    Json,
}

/// Writes `text` and a line break. A closed pipe is not an error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// `value` as one line of JSON.
pub fn json_line(value: &impl Serialize) -> String {
    // A report holds only values that serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// Shows the progress of a command.
pub struct Progress {
    label: &'static str,
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { total: u64, last: Instant },
}

impl Progress {
    /// Progress over `total` rows, named by `label`. With `quiet` nothing is shown.
    pub fn new(label: &'static str, total: u64, quiet: bool) -> Self {
        let shown = if quiet {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() {
            Shown::Bar(bar(label, total))
        } else {
            Shown::Lines { total, last: Instant::now() }
        };
        Self { label, shown }
    }

    /// `done` rows are processed.
    pub fn set(&mut self, done: u64) {
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message("");
                bar.set_position(done);
            }
            Shown::Lines { total, last } if last.elapsed() >= PLAIN_LINE_EVERY => {
                eprintln!("{} {done} of {total}", self.label);
                *last = Instant::now();
            }
            Shown::Nothing | Shown::Lines { .. } => {}
        }
    }

    /// The command waits; `why` says for what.
    pub fn waits(&mut self, why: &str) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.set_message(why.to_owned()),
            Shown::Lines { last, .. } if last.elapsed() >= PLAIN_LINE_EVERY => {
                eprintln!("{}: {why}", self.label);
                *last = Instant::now();
            }
            Shown::Nothing | Shown::Lines { .. } => {}
        }
    }

    /// Writes a line about a row, above the bar if there is one.
    pub fn say(&self, line: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| eprintln!("{line}")),
            Shown::Nothing | Shown::Lines { .. } => eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar(label: &'static str, total: u64) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    let layout = "{prefix} {bar:30} {human_pos}/{human_len} {percent} % eta {eta} {msg}";
    // Err: the layout is a constant. The default is the fallback.
    let style = ProgressStyle::with_template(layout).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_prefix(label);
    bar
}
