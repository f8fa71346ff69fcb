//! The templates of WhatsApp as this worker knows them: which one a message is sent with, and whether it may be sent.

mod registry;
mod sync;
mod template;
mod verdict;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use registry::Registry;
pub(crate) use sync::{Synced, sync};
pub(crate) use template::Template;
pub(crate) use verdict::{Verdict, language_risk};
