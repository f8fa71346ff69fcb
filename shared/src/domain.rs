//! The terms that all parts of the service share: what is sent, to whom, and how it ended.

mod ids;
mod message;
mod reason;
mod retry;
mod state;

pub use ids::{BadUserId, MessageId, UserId};
pub use message::{Channel, MessageKind, UnknownChannel, UnknownMessageKind};
pub use reason::{Reason, UnknownReason};
pub use retry::RetryPolicy;
pub use state::{AttemptOutcome, UserState};
