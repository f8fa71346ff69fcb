//! The screen between the socket and lapin. If lapin cannot parse a frame, it ends the whole connection before a handler
//! sees the delivery. A deeply nested table overflows the stack of its thread. The publisher chooses the properties of a
//! message, so one message could stop every consumer of its queue permanently.
//!
//! The screen reads the frames that the broker sends. It replaces properties that lapin could not parse, cuts a body that
//! is too long, and passes all other bytes unchanged. It notes each change in headers, which the consumer reads with
//! [`Screened::of`].

mod fields;
mod frames;
mod marks;
mod method;
mod properties;
mod stream;

pub(super) use marks::PREFIX;
pub use marks::Screened;
pub(super) use stream::connect;
