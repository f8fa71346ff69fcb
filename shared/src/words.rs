//! What an inbound message says, by word lists.

mod fold;

pub use fold::fold;
