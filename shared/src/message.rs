//! The messages Aamcare sends: their wording, what they cost and what they must not give away.

pub mod catalogue;
mod language;
pub mod segments;
pub mod wording;

pub use catalogue::Message;
pub use language::{Language, UnknownLanguage};
