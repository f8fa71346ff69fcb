//! The terms that all parts of the service share: users, their profiles and consents, messages, attempts and reasons.

mod attempt;
mod change;
pub mod channel_choice;
mod channel_plan;
mod consent;
pub mod decision;
mod message;
mod names;
mod people_limit;
mod profile;
mod reason;
mod retry;
mod text;
mod user;

pub use attempt::{AttemptId, AttemptOutcome};
pub use change::Change;
pub use channel_plan::{BadChannelPlan, ChannelPlan, Route};
pub use consent::{
    BadConsents, Consent, ConsentAction, ConsentChannel, Consents, LONGEST_WORDING, LONGEST_WORDING_ID,
    Purpose,
};
pub use message::{Channel, MessageKind, UnknownChannel, UnknownMessageKind};
pub use names::UnknownName;
pub use people_limit::{MessagingLimit, PeopleLimit};
pub use profile::{BadDate, Cadence, CalendarDate, HouseholdId, ProfileChange, TimeZone, TipsHour};
pub use reason::{Reason, UnknownReason};
pub use retry::RetryPolicy;
pub use text::{BadText, BoundedText};
pub use user::{BadUserId, UserId, UserState};
