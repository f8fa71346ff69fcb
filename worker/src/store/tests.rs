//! Tests that concern several tables.

mod messages;
mod plans;
mod upgrade;
