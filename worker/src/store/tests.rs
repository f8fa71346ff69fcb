//! Tests that concern several tables.

mod messages;
mod partitions;
mod plans;
mod upgrade;
