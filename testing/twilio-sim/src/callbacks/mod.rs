//! Status callbacks: signed form POSTs that report each change of status.

mod courier;
mod event;
mod overrides;
mod schedule;
mod target;

pub(crate) use courier::Courier;
pub(crate) use schedule::start;
pub(crate) use target::Target;
