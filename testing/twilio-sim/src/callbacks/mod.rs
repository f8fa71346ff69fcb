//! Status callbacks: signed form POSTs that report each change of status. Webhooks of inbound messages take the same way.

mod courier;
mod event;
mod overrides;
mod schedule;
mod target;

pub(crate) use courier::{Courier, Letter};
pub(crate) use schedule::start;
pub(crate) use target::Target;
