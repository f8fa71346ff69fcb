//! The releases whose workers a scenario starts.

use std::path::PathBuf;

/// The program name of a worker of the first release.
pub(crate) const FIRST_WORKER: &str = "first-worker";

/// A release of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Built from this tree.
    Current,
    /// The first one, built by `./dev faults`.
    First,
}

impl Release {
    /// The name of its program for [`crate::binary`].
    pub fn program(self) -> &'static str {
        match self {
            Self::Current => "worker",
            Self::First => FIRST_WORKER,
        }
    }
}

/// The path of the first release's worker, which the variable `FAULTS_OLD_WORKER` names.
pub fn first_worker() -> Option<PathBuf> {
    std::env::var_os("FAULTS_OLD_WORKER").map(PathBuf::from)
}
