//! Tests that concern several tables.

mod doors;
mod events_out;
mod failures;
mod fallbacks;
mod gate;
mod losses;
mod messages;
mod notices;
mod partitions;
mod person_messages;
mod plans;
mod staff;
mod tips;
mod upgrade;
mod waiting;
