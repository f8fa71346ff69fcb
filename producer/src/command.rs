//! What the commands of this crate have in common.

mod completions;
mod database;
mod exit;
mod failure;
mod help;
mod interrupt;
mod progress;
mod stdout;

pub use completions::parse;
pub use database::{connect, open_database, repeat};
pub use exit::{EXIT_CODES, Exit};
pub use failure::{Failure, finish};
pub use help::TEMPLATE;
pub use interrupt::interruption;
pub use progress::Progress;
pub use stdout::{Output, json_line, print};
