//! The outbox of a portal: rows written in the transaction of a signup become events, each at least once.

mod batch;
mod listen;
mod pauses;
mod row;
mod run;
mod settings;
mod table;
mod watch;

pub use run::{Relay, Tally};
pub use settings::Settings;

/// The table `onboarding_outbox`, for a migration of the portal's database.
pub const DDL: &str = include_str!("relay/outbox.sql");
