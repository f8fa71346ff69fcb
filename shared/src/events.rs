//! The events in RabbitMQ: CloudEvents 1.0 in structured JSON, and the older bare object (v0).

mod decode;
mod encode;
mod wire;

pub use decode::{Rejected, decode};
pub use encode::{backfill, signed_up};
pub use wire::{BackfillData, BackfillEvent, SignedUpData, SignedUpEvent, TextOrInteger};

use chrono::{DateTime, Utc};

use crate::{domain::UserId, time};

/// `type` of a signup event.
pub const SIGNED_UP: &str = "np.aamcare.user.signed_up.v1";
/// `type` of an event that names a stored user.
pub const BACKFILL: &str = "np.aamcare.user.backfill.v1";
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

/// The content of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A user signed up or changed the number.
    SignedUp(Box<Signup>),
    /// A stored user should be welcomed. The worker reads the number from the database.
    Stored(UserId),
}

/// One signup. `Debug` shows neither number nor name.
#[derive(Clone, PartialEq)]
pub struct Signup {
    /// The portal's id.
    pub user_id: UserId,
    /// The number as typed, without NUL and cut to 250 bytes. Empty if it is missing.
    pub phone: String,
    /// ISO 3166 code of the country that the portal knows, for numbers without a country code. Events carry it as
    /// given. The decoder drops an unknown code.
    pub country_hint: Option<String>,
    /// Language as the portal writes it.
    pub language: Option<String>,
    /// The channel that the user prefers. It is recorded, but SMS is sent.
    pub channel: Option<String>,
    /// `pregnant_woman`, `new_mother` or `other`.
    pub user_kind: Option<UserKind>,
    /// The name as the portal shows it.
    pub display_name: Option<String>,
}

impl std::fmt::Debug for Signup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signup").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The kind of profile that the portal keeps of a user.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A pregnant woman.
    PregnantWoman,
    /// A woman who has given birth.
    NewMother,
    /// Any other user, and every unknown name.
    #[serde(other)]
    Other,
}

impl UserKind {
    /// The word for it in events and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            UserKind::PregnantWoman => "pregnant_woman",
            UserKind::NewMother => "new_mother",
            UserKind::Other => "other",
        }
    }
}
