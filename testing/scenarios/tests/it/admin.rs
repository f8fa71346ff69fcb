//! What a person may do to a system that runs.

mod audit;
mod dead;
mod pause;
mod prune;
