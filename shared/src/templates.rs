//! What messages say.

mod content;

pub use content::{Content, ContentSid, InvalidContentSid};
