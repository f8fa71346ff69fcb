//! What people write to us: read from Twilio's form, encrypted at rest, understood by word lists. What follows is planned
//! here, and carried out by a task. What the lists do not settle becomes a conversation with a person.

mod incoming;
mod keyring;
mod plan;

#[cfg(test)]
pub(crate) use incoming::{Author, MessageType};
pub(crate) use incoming::{Incoming, NotTaken, OurSenders};
pub(crate) use keyring::{Closed, Keyring};
pub(crate) use plan::{Plan, Readers, SAME_TEXTS, Told};
