//! What people say about messages, and what follows from it: the ledger of consents, and the tables of who gets no message,
//! which are derived from it in the same transaction.
//!
//! Events, pages, commands and imports all use the functions of [`doors`], what Twilio reports those of [`refusals`].

mod door;
pub mod doors;
pub mod forget;
mod gate;
mod grants;
pub mod imported;
pub mod ledger;
pub mod link;
mod losses;
mod meters;
mod numbers;
mod passage;
mod person_keys;
mod raced;
pub mod refusals;
mod silence;
pub mod staff_tasks;
pub mod stops;
mod tips;
pub mod welcome;
pub mod written;

pub use door::{Door, Person};
pub use gate::commit;
pub use ledger::{EntryKey, NewEntry, Source};
pub use link::{LinkKey, StopCode};
pub use person_keys::subject_of_number;
