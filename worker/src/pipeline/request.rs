//! One message to send, and how sending ended.

use std::sync::Arc;

use shared::{
    domain::{Channel as ChannelName, MessageKind, Reason},
    phone::E164,
    templates::Wording,
};

use super::outcome::Called;
use crate::{
    channels::Channel,
    facts::Facts,
    store::{
        claim::ClaimResult, fallback_claim::FallbackClaim, fallbacks, message_claim::MessageClaimResult,
        messages::Due,
    },
    throttle::{Destination, Entry, Load, Rank, Rejection},
};

/// One message to send.
pub(super) struct Request<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) channel: &'a dyn Channel,
    pub(super) phone: &'a E164,
    pub(super) wording: &'a Wording,
    pub(super) standing: Standing,
}

impl Request<'_> {
    /// What it uses up of its channel's rate.
    pub(super) fn load(&self) -> Load {
        if self.channel.name() == ChannelName::Whatsapp.as_str() {
            return Load::Whatsapp;
        }
        Load::Segments(u32::try_from(self.wording.segments().segments).unwrap_or(1))
    }

    /// Where the call goes, as far as calls are held back together.
    pub(super) fn destination(&self) -> Option<Destination> {
        Destination::of(self.channel.name(), self.phone.country())
    }
}

/// Whose row the claim writes.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// The user to welcome.
    Welcome(&'a Arc<Facts>),
    /// The row of a message of another kind.
    Message(&'a Due, MessageKind),
    /// A message that did not arrive by another channel.
    Fallback(&'a fallbacks::Due, MessageKind),
}

impl Subject<'_> {
    pub(super) fn user_id(&self) -> &str {
        match self {
            Self::Welcome(facts) => facts.user_id.as_str(),
            Self::Message(due, _) => &due.user_id,
            Self::Fallback(due, _) => &due.user_id,
        }
    }

    pub(super) fn kind(&self) -> MessageKind {
        match self {
            Self::Welcome(_) => MessageKind::Welcome,
            Self::Message(_, kind) | Self::Fallback(_, kind) => *kind,
        }
    }

    pub(super) fn traceparent(&self) -> Option<&str> {
        match self {
            Self::Welcome(facts) => facts.traceparent.as_deref(),
            Self::Message(due, _) => due.traceparent.as_deref(),
            Self::Fallback(due, _) => due.traceparent.as_deref(),
        }
    }
}

/// How a message meets the throttle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Delays this message has had.
    pub(super) retries: u32,
    pub(super) entry: Entry,
    pub(super) rank: Rank,
}

/// How sending ended.
pub(super) enum Sent {
    /// Twilio was called, and the outcome is committed.
    Called(Called),
    /// The claim was given back before the call.
    GivenBack(Reason),
    /// Throttle or cap hold the message back; nothing is stored of that.
    HeldBack(Rejection),
    /// Lookup says that the number is not valid.
    NoValidNumber,
    /// The number of a welcome was not claimed.
    NotClaimed(ClaimResult),
    /// A message of another kind was not claimed.
    MessageNotClaimed(MessageClaimResult),
    /// A fallback was not claimed.
    FallbackNotClaimed(FallbackClaim),
}
