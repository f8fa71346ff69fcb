//! What messages say, what they cost and what they must not give away.

mod content;
pub mod discreetness;
mod language;
pub mod segments;
mod welcome;

pub use content::{Content, ContentSid, InvalidContentSid};
pub use language::{Language, UnknownLanguage};
pub use welcome::{Wording, is_welcome, welcome};
