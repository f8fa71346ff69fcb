//! What an operator may do to a running system.

mod audit;
mod dead;
mod pause;
mod prune;
mod register;
mod templates;
