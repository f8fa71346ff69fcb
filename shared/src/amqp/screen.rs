//! The screen between the socket and lapin. lapin ends the whole connection when it cannot parse a frame, before any
//! handler sees the delivery, and a table that is nested deeply enough overflows the stack of its thread. A publisher
//! decides on the properties of a message, so one message could stop every consumer of its queue permanently.
//!
//! The screen follows the frames that the broker sends. It replaces properties that lapin could not parse, cuts a body
//! that no memory is to hold, and passes everything else on byte for byte. What it changed, it notes in headers; the
//! consumer reads them with [`Screened::of`].

mod fields;
mod frames;
mod marks;
mod method;
mod properties;
mod stream;

pub(super) use marks::PREFIX;
pub use marks::Screened;
pub(super) use stream::connect;
