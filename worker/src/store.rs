//! Everything the worker asks of Postgres, one module per concern.

pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod callbacks;
pub(crate) mod claim;
pub(crate) mod dead_letters;
pub(crate) mod known;
pub(crate) mod outcome;
pub(crate) mod parked;
pub(crate) mod record;
pub(crate) mod reopen;
pub(crate) mod suppressions;
pub(crate) mod sweep;
pub(crate) mod tries;
pub(crate) mod unknown;
