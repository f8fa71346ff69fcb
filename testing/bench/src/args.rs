//! Command line.

use clap::{Args, Parser, Subcommand};

use crate::{scenario::Scenario, sizes::Sizes};

/// Measures the release binaries beside it; `./dev bench` builds and starts it.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure scenarios and print a table
    Run(Run),
    /// Be the bare pipeline, configured like a worker
    Bare(Bare),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to measure; all but `growth` and `million` when none is named
    scenarios: Vec<Scenario>,
    /// Rounds over all scenarios; the table shows medians
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

impl Run {
    /// In the order of the table.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        if self.scenarios.is_empty() { Scenario::USUAL.to_vec() } else { self.scenarios.clone() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Bare {
    /// Exit after this many events
    #[arg(long)]
    pub(crate) events: u64,
    /// Calls in flight
    #[arg(long)]
    pub(crate) concurrency: usize,
}
