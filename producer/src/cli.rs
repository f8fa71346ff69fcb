//! What the programs `signup`, `import` and `backfill` have in common. Only they use it: a portal leaves the feature
//! `cli` out and depends on none of this.

mod beginning;
mod command_line;
mod database;
mod exit;
pub mod formula;
mod records;

pub use beginning::{Beginning, first_bytes};
pub use command_line::{TEMPLATE, parse};
pub use database::{connect, open_database, repeat};
pub use exit::{finish, interruption};
pub use records::{Bounded, Budget, LONGEST_RECORD, Length, next_line};
pub use shared::cli::{
    Actor, Confirmation, EXIT_CODES, Exit, Failure, Output, Progress, TimeArgument,
    output::{formats, json_line, print_line},
};
