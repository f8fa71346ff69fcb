//! Tests that concern several tables.

mod doors;
mod events_out;
mod failures;
mod fallbacks;
mod gate;
mod losses;
mod losses_and_stops;
mod messages;
mod notices;
mod partitions;
mod person_messages;
mod plans;
mod profiles;
mod sessions;
mod staff;
mod tips;
mod trials;
mod upgrade;
mod waiting;
