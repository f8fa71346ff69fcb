//! How much of a scenario is run.

/// `some` in an ordinary test run, `all` with `FAULTS=full`.
pub fn rounds(some: u32, all: u32) -> u32 {
    if full() { all } else { some }
}

/// Whether the whole suite was asked for.
pub fn full() -> bool {
    std::env::var("FAULTS").is_ok_and(|text| text == "full")
}
