//! How large the measured runs are.

/// The options that set the size of a run.
#[derive(Debug, clap::Args)]
pub(crate) struct Sizes {
    /// Events of a run at full speed
    #[arg(long, default_value_t = 100_000)]
    pub(crate) events: u32,
    /// Seconds of a run at a given rate
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u32,
    /// Users stored beforehand in `growth`
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) stored: u32,
    /// Messages of the twelve months before, stored beforehand in `growth`
    #[arg(long, default_value_t = 36_000_000)]
    pub(crate) messages: u32,
    /// Users of the backfill in `million`
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) users: u32,
}
