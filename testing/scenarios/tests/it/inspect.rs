//! Commands that look and change nothing.

mod csv;
mod doctor;
mod durability;
mod pooler;
mod stats;
mod status;
