//! The terms that all parts of the service share: users, messages, attempts and reasons.

mod attempt;
pub mod decision;
mod message;
mod reason;
mod retry;
mod user;

pub use attempt::{AttemptId, AttemptOutcome};
pub use message::{Channel, MessageKind, UnknownChannel, UnknownMessageKind};
pub use reason::{Reason, UnknownReason};
pub use retry::RetryPolicy;
pub use user::{BadUserId, UserId, UserState};
