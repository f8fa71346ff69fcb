//! What the programs `signup`, `import` and `backfill` have in common. Only they use it: a portal leaves the feature
//! `cli` out and depends on none of this.

mod beginning;
mod command_line;
mod database;
mod exit;
pub mod formula;
mod output;
mod records;

pub use beginning::{Beginning, first_bytes};
pub use command_line::{TEMPLATE, parse};
pub use database::{connect, open_database, repeat};
pub use exit::{EXIT_CODES, Exit, Failure, finish, interruption};
pub use output::{Output, Progress, json_line, print};
pub use records::{Bounded, Budget, LONGEST_RECORD, Length, next_line};
