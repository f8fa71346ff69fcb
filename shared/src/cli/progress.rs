//! Progress on standard error: a bar on a terminal, else a plain line now and then.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);
const DRAWS_PER_SECOND: u8 = 10;

/// Shows how far a command has come.
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
    /// Of `total` rows, named by `label`; `quiet` shows nothing.
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

    /// Shows that `done` rows are finished.
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

    /// Shows why the command waits.
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

    /// Writes a line about a row, above the bar where there is one.
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
    // Err: the layout is a constant; without it the default one is shown.
    let style = ProgressStyle::with_template(layout).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_prefix(label);
    bar
}
