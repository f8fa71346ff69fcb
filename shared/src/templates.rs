//! What messages say, what they cost and what they must not give away.

mod catalogue;
mod category;
mod content;
pub mod discreetness;
mod fields;
mod language;
pub mod placeholders;
pub mod registry;
mod replies;
pub mod segments;
mod slot;
pub mod variables;
mod welcome;
mod wording;

pub use catalogue::{STAFF_URGENT, of};
pub use category::{BadCategoryPrices, Category, CategoryPrices};
pub use content::{Content, ContentSid, InvalidContentSid};
pub use fields::{Field, Fields, UnknownField};
pub use language::{Language, UnknownLanguage};
pub use replies::Reply;
pub use slot::{Slot, UnknownSlot, UnknownVariant, Variant};
pub use variables::Unfit;
pub use welcome::{LONGEST_STOP_BASE, is_welcome, welcome, welcome_with_address};
pub use wording::Wording;
