//! The registry of WhatsApp's templates: which content of Twilio a message is sent with, and whether it may be sent.

mod approval;
#[cfg(any(test, feature = "test-fixtures"))]
pub mod fixtures;
mod mapped;
mod sendable;
mod template;
mod verdict;

pub use approval::ApprovalStatus;
pub use mapped::{Content, Mapped, Place, mapped};
pub use sendable::{Key, Sendable};
pub use template::Template;
pub use verdict::{Verdict, language_risk};
