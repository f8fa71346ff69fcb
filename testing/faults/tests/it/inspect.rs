//! Commands that look and change nothing.

mod doctor;
mod stats;
mod status;
