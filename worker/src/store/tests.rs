//! Tests that concern several tables.

mod doors;
mod messages;
mod partitions;
mod plans;
mod upgrade;
