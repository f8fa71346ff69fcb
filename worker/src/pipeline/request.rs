//! One message to send, and how sending ended.

use std::sync::Arc;

use shared::{domain::Reason, phone::E164, templates::Wording};

use super::outcome::Called;
use crate::{
    facts::Facts,
    store::claim::Granted,
    throttle::{Entry, Rank, Rejection},
};

/// One message to send.
pub(super) struct Request<'a> {
    /// Whose row the claim writes.
    pub(super) user: &'a Arc<Facts>,
    pub(super) phone: &'a E164,
    pub(super) content: &'static Wording,
    pub(super) standing: Standing,
}

/// How a message meets the throttle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Delays this user has had.
    pub(super) retries: u32,
    pub(super) entry: Entry,
    pub(super) rank: Rank,
}

/// How sending ended.
pub(super) enum Sent {
    /// Twilio was called, and what came of it is committed.
    Called(Called),
    /// The claim was given back before the call.
    GivenBack(Reason),
    /// Throttle or cap hold the message back; nothing is stored of that.
    HeldBack(Rejection),
    /// Lookup says that the number is not valid.
    NoValidNumber,
    /// The number was not claimed.
    NotClaimed(Granted),
}
