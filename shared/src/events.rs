//! The events in RabbitMQ: CloudEvents 1.0 in structured JSON, and the older bare object (v0).

mod decode;
mod encode;
mod out;
mod people;
mod signup;
mod wire;

pub use decode::{Rejected, decode};
pub use encode::{backfill, consent_changed, erased, loss_reported, profile_changed, signed_up};
pub use out::{
    ConsentRecordedData, ConsentRecordedEvent, MessageReceivedData, MessageReceivedEvent, NumberRejectedData,
    NumberRejectedEvent, OutData, OutEvent,
};
pub use people::{ConsentChanged, ProfileChanged, ReportedBy};
pub use signup::{Dropped, Signup, UserKind};
pub use wire::{
    BackfillData, BackfillEvent, ConsentChangedEvent, ErasedEvent, LossReportedEvent, ProfileChangedEvent,
    SignedUpData, SignedUpEvent, TextOrInteger,
};

use chrono::{DateTime, Utc};

use crate::{domain::UserId, time};

/// `type` of a signup event.
pub const SIGNED_UP: &str = "np.aamcare.user.signed_up.v1";
/// `type` of an event that names a stored user.
pub const BACKFILL: &str = "np.aamcare.user.backfill.v1";
/// `type` of an event that changes a user's number or profile.
pub const PROFILE_CHANGED: &str = "np.aamcare.user.profile_changed.v1";
/// `type` of an event that gives or withdraws consents.
pub const CONSENT_CHANGED: &str = "np.aamcare.user.consent_changed.v1";
/// `type` of an event that reports a loss.
pub const LOSS_REPORTED: &str = "np.aamcare.user.loss_reported.v1";
/// `type` of an event that erases a user.
pub const ERASED: &str = "np.aamcare.user.erased.v1";
/// Every `type`.
pub const TYPES: [&str; 6] = [SIGNED_UP, BACKFILL, PROFILE_CHANGED, CONSENT_CHANGED, LOSS_REPORTED, ERASED];
/// Content type of a published event.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// A longer body becomes a dead letter.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// A decoded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The CloudEvents `id`. `None` in v0.
    pub id: Option<String>,
    /// The time of the event, as its publisher states it.
    pub time: EventTime,
    /// The version of the contract.
    pub version: Version,
    /// The content.
    pub kind: Kind,
}

/// The time that a publisher gives an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// The event does not state a time.
    Missing,
    /// A valid time.
    At(DateTime<Utc>),
    /// The text is not a valid time. The event counts as older than any data with a time.
    Unreadable,
}

impl EventTime {
    /// Reads the text that a publisher wrote.
    pub fn read(text: &str) -> Self {
        time::parse(text).map_or(Self::Unreadable, Self::At)
    }

    /// The time, if it is valid.
    pub fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(time) => Some(time),
            Self::Missing | Self::Unreadable => None,
        }
    }
}

/// The contract that an event follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A bare object with `user_id` and `phone_number`.
    V0,
    /// CloudEvents 1.0, structured JSON.
    V1,
}

impl Version {
    /// The name in metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V0 => "v0",
            Version::V1 => "v1",
        }
    }
}

/// The content of an event. `Debug` shows no number, name, date or wording.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A user signed up or changed the number.
    SignedUp(Box<Signup>),
    /// A stored user should be welcomed. The worker reads the number from the database.
    Stored(UserId),
    /// The number or the profile of a user changed.
    ProfileChanged(Box<ProfileChanged>),
    /// A user gave or withdrew consents.
    ConsentChanged(ConsentChanged),
    /// The pregnancy or the child of a user was lost.
    LossReported {
        /// The portal's id.
        user_id: UserId,
        /// The publisher's name of the reporter.
        reported_by: Option<ReportedBy>,
    },
    /// The portal erased a user.
    Erased(UserId),
}

impl Kind {
    /// The `type` of the event.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::SignedUp(_) => SIGNED_UP,
            Self::Stored(_) => BACKFILL,
            Self::ProfileChanged(_) => PROFILE_CHANGED,
            Self::ConsentChanged(_) => CONSENT_CHANGED,
            Self::LossReported { .. } => LOSS_REPORTED,
            Self::Erased(_) => ERASED,
        }
    }

    /// The user of the event.
    pub fn user_id(&self) -> &UserId {
        match self {
            Self::SignedUp(signup) => &signup.user_id,
            Self::ProfileChanged(changed) => &changed.user_id,
            Self::ConsentChanged(changed) => &changed.user_id,
            Self::LossReported { user_id, .. } | Self::Stored(user_id) | Self::Erased(user_id) => user_id,
        }
    }
}
