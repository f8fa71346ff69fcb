//! The templates of WhatsApp as this worker knows them: which one a message is sent with, and whether it may be sent.

mod registry;
mod sync;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use registry::Registry;
pub(crate) use shared::templates::registry::{Template, Verdict, language_risk};
pub(crate) use sync::{Synced, sync};
