//! The Messages resource.

mod checks;
mod create;
mod fetch;
mod lifecycle;
mod list;
mod magic;
mod message;
mod page;
mod redact;
mod sender;
mod view;

pub(crate) use create::create;
pub(crate) use fetch::fetch;
pub(crate) use lifecycle::{Lifecycle, Status, Step};
pub(crate) use list::list;
pub(crate) use message::{Message, Origin};
pub(crate) use redact::redact;
pub(crate) use sender::Senders;
pub use view::{MessageView, SubresourceUris};
