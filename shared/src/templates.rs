//! What messages say, what they cost and what they must not give away.

mod catalogue;
mod content;
pub mod discreetness;
mod language;
pub mod segments;
mod welcome;
mod wording;

pub use catalogue::of;
pub use content::{Content, ContentSid, InvalidContentSid};
pub use language::{Language, UnknownLanguage};
pub use welcome::{LONGEST_STOP_BASE, is_welcome, welcome, welcome_with_address};
pub use wording::Wording;
