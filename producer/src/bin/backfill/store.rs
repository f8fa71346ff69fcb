//! Everything in Postgres that a backfill reads and writes.

pub(crate) mod ids;
pub(crate) mod lock;
pub(crate) mod numbers_seen;
pub(crate) mod numbers_taken;
pub(crate) mod outcomes;
pub(crate) mod page;
pub(crate) mod runs;
pub(crate) mod selection;
