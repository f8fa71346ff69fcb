//! The Messages resource.

mod checks;
mod content_checks;
mod create;
mod fetch;
mod lifecycle;
mod list;
mod magic;
mod media;
mod message;
mod page;
mod redact;
mod sender;
mod view;
mod whatsapp;

pub(crate) use create::create;
pub(crate) use fetch::fetch;
pub(crate) use lifecycle::{Lifecycle, Status, Step};
pub(crate) use list::list;
pub(crate) use media::{STORE, media, media_list, stored};
#[cfg(test)]
pub(crate) use message::tests::message as test_message;
pub(crate) use message::{Message, Origin, SentContent, WhatsAppPart};
pub(crate) use redact::redact;
pub(crate) use sender::Senders;
pub use view::{MessageView, SubresourceUris};
pub(crate) use whatsapp::user_id;
