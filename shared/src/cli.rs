//! What the command lines of all programs have in common: exit codes, failures, confirmation, progress, output and
//! the arguments that mean the same everywhere. Behind the feature `cli`, so that a library does not need clap.

mod actor;
mod completions;
mod confirm;
mod exit;
mod failure;
mod input;
pub mod output;
mod progress;
mod time_argument;

pub use actor::Actor;
pub use completions::{CompletionShell, completions};
pub use confirm::{Confirmation, confirm};
pub use exit::{EXIT_CODES, Exit};
pub use failure::Failure;
pub use input::{each_line, lines};
pub use output::Output;
pub use progress::Progress;
pub use time_argument::{TIME_FORMS, TimeArgument};
