//! What an event about a user leads to. The decision does nothing: it does not read a database or make a call.
//!
//! The worker decides when a delivery is processed. The backfill, and its dry run, decide before an event is
//! published. Both map their rows into [`TypedNumber`] and [`StoredState`].

use super::{Reason, UserState, channel_choice::Choice};
use crate::phone::{E164, Rejection};

/// What an event about a user leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is left to do.
    Skip(SkipReason),
    /// The number cannot be texted.
    Reject(Rejection),
    /// An attempt holds the number: the user is registered, and no message is sent.
    Link,
    /// The number may be claimed and called.
    Send,
    /// The number could be called, but not yet.
    Wait(Wait),
}

/// Why a welcome waits that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It is night where the person is.
    Quiet,
    /// No consent to it is given.
    NoConsent,
    /// A conversation with staff is open: they are not to be interrupted.
    Conversation,
    /// No template may be sent at the moment.
    NoTemplate,
    /// No allowed channel reaches the number for now.
    Unreachable,
    /// WhatsApp takes no more people for now.
    ChannelFull,
    /// The sender of the channel is at fault.
    ChannelHeld,
}

/// What a welcome that could be sent depends on beside the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// By which channel it may go. Those silenced by a stop or a loss count as consenting: the claim ends their welcome.
    pub choice: Choice,
    /// The quiet hours of the person hold the welcome back.
    pub quiet: bool,
    /// A conversation with staff is open.
    pub talking: bool,
}

/// Why nothing is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The user is registered, and an attempt of their own holds the number.
    AlreadyWelcomed,
    /// The user is registered, and the attempt of another user holds the number.
    SharedPhone,
    /// The user is registered, and the outcome of the attempt that holds the number is not known yet.
    InFlight,
    /// The user opted out, and the number is still suppressed.
    Suppressed,
    /// It is recorded that the number cannot be texted.
    Rejected(Rejection),
    /// Twilio Lookup called the number invalid.
    LookupInvalid,
    /// The number belongs to somebody else, and the user waits for another one.
    WrongNumber,
    /// Twilio refused the number permanently. An operator may reopen it.
    Failed,
    /// A retry is scheduled for later.
    Scheduled,
    /// An event about the user is in a queue.
    Queued,
    /// The portal closed the account.
    Inactive,
}

/// The number that an event carries, or that is stored.
#[derive(Debug, Clone, Copy)]
pub struct TypedNumber<'a> {
    /// The number as typed.
    pub raw: &'a str,
    /// The country that the portal names for it.
    pub country_hint: Option<&'a str>,
    /// The number to text, or why there is none.
    pub e164: Result<E164, Rejection>,
}

/// The stored data about a user and a number.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoredState<'a> {
    /// None: the user is not stored.
    pub user: Option<StoredUser<'a>>,
    /// The attempt that holds the number.
    pub holder: Option<Holder<'a>>,
    /// Whether the number is known to be suppressed. The worker leaves it false: its claim checks it.
    pub suppressed: bool,
}

/// A row of `users`, as far as it decides.
#[derive(Debug, Clone, Copy)]
pub struct StoredUser<'a> {
    /// The stored number as typed.
    pub phone_raw: &'a str,
    /// The country that the portal named for it.
    pub country_hint: Option<&'a str>,
    /// The stored number in E.164, where it has one.
    pub phone_e164: Option<&'a str>,
    /// Whether the portal calls the account active.
    pub active: bool,
    /// The state.
    pub state: UserState,
    /// The reason beside the state.
    pub reason: Option<&'a str>,
    /// Whether a retry is scheduled.
    pub scheduled: bool,
    /// E.164 of the number of the last attempt; none where it is not known, and then it counts as the stored one.
    pub attempted: Option<&'a str>,
}

/// The attempt that holds a number.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The number in E.164.
    pub phone_e164: &'a str,
    /// Whether the attempt is the user's own.
    pub own: bool,
    /// Whether the outcome of the call is not known yet.
    pub in_flight: bool,
}

impl Decision {
    /// Decides while a delivery is processed. The delivery itself does not lead to a skip.
    pub fn on_delivery(number: &TypedNumber<'_>, stored: &StoredState<'_>) -> Self {
        let user = stored.user.filter(|user| user.has(number));
        let skip = user.and_then(|user| match user.state {
            UserState::Received => {
                (user.scheduled && stored.holder_of(number).is_none()).then_some(SkipReason::Scheduled)
            }
            _ => settled(&user, number, stored),
        });
        skip.map_or_else(|| Self::for_number(number, stored), Self::Skip)
    }

    /// Decides before an event about a stored user is published. A user who is `received` has an event in a queue, or
    /// the sweeper publishes one in time.
    pub fn before_enqueue(number: &TypedNumber<'_>, stored: &StoredState<'_>) -> Self {
        let user = stored.user.filter(|user| user.has(number));
        let skip = user.and_then(|user| match user.state {
            _ if !user.active => Some(SkipReason::Inactive),
            UserState::Received if user.scheduled => Some(SkipReason::Scheduled),
            UserState::Received => Some(SkipReason::Queued),
            _ => settled(&user, number, stored),
        });
        skip.map_or_else(|| Self::for_number(number, stored), Self::Skip)
    }

    /// The same under these conditions: they hold back what would be sent. Without a channel the hour does not matter.
    #[must_use]
    pub fn under(self, conditions: Conditions) -> Self {
        match (self, conditions) {
            (Self::Send, Conditions { choice: Choice::Wait(wait), .. }) => Self::Wait(wait),
            (Self::Send, Conditions { talking: true, .. }) => Self::Wait(Wait::Conversation),
            (Self::Send, Conditions { quiet: true, .. }) => Self::Wait(Wait::Quiet),
            (other, _) => other,
        }
    }

    /// The decision about an unsettled user: only the number counts.
    pub fn for_number(number: &TypedNumber<'_>, stored: &StoredState<'_>) -> Self {
        match (number.e164, stored.holder) {
            (Err(why), _) => Self::Reject(why),
            (Ok(_), Some(_)) => Self::Link,
            (Ok(_), None) => Self::Send,
        }
    }
}

impl Wait {
    /// The reason beside the state of a waiting user.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Quiet => Reason::Quiet,
            Self::NoConsent => Reason::NoConsent,
            Self::Conversation => Reason::Conversation,
            Self::NoTemplate => Reason::NoTemplate,
            Self::Unreachable => Reason::Unreachable,
            Self::ChannelFull => Reason::ChannelFull,
            Self::ChannelHeld => Reason::BreakerOpen,
        }
    }
}

impl SkipReason {
    /// The word in the worker's log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Inactive => "inactive",
            Self::AlreadyWelcomed
            | Self::SharedPhone
            | Self::Suppressed
            | Self::Rejected(_)
            | Self::LookupInvalid
            | Self::WrongNumber
            | Self::Failed => "final",
        }
    }
}

impl StoredUser<'_> {
    /// Whether `number` is the stored one, in the same or in another spelling.
    fn has(&self, number: &TypedNumber<'_>) -> bool {
        let typed = (number.raw, number.country_hint) == (self.phone_raw, self.country_hint);
        let read = number.e164.as_ref().map(E164::as_str);
        typed || read.is_ok() && read.ok() == self.phone_e164
    }
}

impl<'a> StoredState<'a> {
    fn holder_of(&self, number: &TypedNumber<'_>) -> Option<Holder<'a>> {
        let read = number.e164.as_ref().map(E164::as_str).ok();
        self.holder.filter(|holder| read == Some(holder.phone_e164))
    }
}

/// Why the state of a user is final for `number`. A number that changed since the state was written is not settled.
fn settled(user: &StoredUser<'_>, number: &TypedNumber<'_>, stored: &StoredState<'_>) -> Option<SkipReason> {
    match (user.state, number.e164) {
        (UserState::Rejected, Err(why)) => Some(SkipReason::Rejected(why)),
        (UserState::Rejected, Ok(_)) => {
            let because = |reason: Reason| user.reason == Some(&*reason.as_str());
            let invalid = because(Reason::LookupInvalid).then_some(SkipReason::LookupInvalid);
            invalid.or(because(Reason::WrongNumber).then_some(SkipReason::WrongNumber))
        }
        (UserState::Registered, _) => {
            let holder = stored.holder_of(number).map(|holder| match holder {
                Holder { in_flight: true, .. } => SkipReason::InFlight,
                Holder { own: true, .. } => SkipReason::AlreadyWelcomed,
                Holder { .. } => SkipReason::SharedPhone,
            });
            // By an erased user: no attempt tells it any more.
            let before = user.reason == Some(&*Reason::AlreadyWelcomed.as_str());
            holder.or(before.then_some(SkipReason::AlreadyWelcomed))
        }
        (UserState::Suppressed, Ok(_)) => stored.suppressed.then_some(SkipReason::Suppressed),
        (UserState::Failed, read) => {
            let changed =
                user.attempted.is_some_and(|attempted| read.as_ref().map(E164::as_str) != Ok(attempted));
            (!changed).then_some(SkipReason::Failed)
        }
        (UserState::Stored | UserState::Received, _) | (UserState::Suppressed, Err(_)) => None,
    }
}

#[cfg(test)]
mod tests;
