//! The stored state and the signup of a user whose event is processed.

use chrono::{DateTime, SubsecRound, Utc};
use shared::{
    domain::{Change, ProfileChange, TimeZone, UserId},
    events::Signup,
    lane::QueueLane,
    phone::{Phone, Rejection},
    templates::Language,
};

use tokio::time::Instant;

use crate::config::Audience;

/// How a delivery came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) redelivered: bool,
}

/// The facts that decide about one welcome. `Debug` shows neither number nor name.
pub(crate) struct Facts {
    pub(crate) user_id: UserId,
    pub(crate) lane: QueueLane,
    pub(crate) arrival: Arrival,
    /// The number as typed.
    pub(crate) phone_raw: String,
    pub(crate) country_hint: Option<String>,
    /// The number to text, or why there is none.
    pub(crate) phone: Result<Phone, Rejection>,
    pub(crate) language: Language,
    pub(crate) traceparent: Option<String>,
    pub(crate) event_id: Option<String>,
    /// The part of the event to store. None: the facts come from the database.
    pub(crate) signup: Option<SignupFacts>,
}

/// When an event happened whose time cannot be read: before all data that have a time.
pub(crate) const NO_TIME: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The part of an event that is stored.
pub(crate) struct SignupFacts {
    /// When the event happened. An event older than the stored data changes nothing.
    pub(crate) at: DateTime<Utc>,
    pub(crate) language: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) display_name: Option<String>,
    /// Also part of the profile.
    pub(crate) time_zone: Change<TimeZone>,
    /// Stored once the row exists. None: it says nothing.
    pub(crate) profile: Option<Box<ProfileChange>>,
}

/// Where an event came from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) lane: QueueLane,
    pub(crate) arrival: Arrival,
    pub(crate) traceparent: Option<String>,
    pub(crate) event_id: Option<String>,
}

impl Facts {
    /// From a signup event.
    pub(crate) fn of_signup(event: Signup, at: DateTime<Utc>, origin: Origin, audience: &Audience) -> Self {
        let phone = audience.numbers.textable(&event.phone, event.country_hint.as_deref());
        Self {
            phone,
            language: Language::of_tag_or(event.language.as_deref(), audience.language),
            user_id: event.user_id,
            lane: origin.lane,
            arrival: origin.arrival,
            phone_raw: event.phone,
            country_hint: event.country_hint,
            traceparent: origin.traceparent,
            event_id: origin.event_id,
            signup: Some(SignupFacts {
                // No finer than the database stores it, so that an event is not newer than itself.
                at: at.trunc_subsecs(6),
                language: event.language,
                channel: event.channel,
                kind: event.user_kind.map(shared::events::UserKind::as_str),
                display_name: event.display_name,
                time_zone: event.profile.time_zone,
                profile: Some(event.profile).filter(|profile| !profile.is_empty()).map(Box::new),
            }),
        }
    }

    /// From the stored row of the user.
    pub(crate) fn of_stored(
        user_id: UserId,
        stored: StoredNumber<'_>,
        origin: Origin,
        audience: &Audience,
    ) -> Self {
        Self {
            phone: audience.numbers.textable(stored.phone_raw, stored.country_hint),
            language: Language::of_tag_or(stored.language, audience.language),
            user_id,
            lane: origin.lane,
            arrival: origin.arrival,
            phone_raw: stored.phone_raw.to_owned(),
            country_hint: stored.country_hint.map(str::to_owned),
            traceparent: origin.traceparent,
            event_id: origin.event_id,
            signup: None,
        }
    }

    /// The id of the event's trace, for log lines (W3C Trace Context: `version-trace-span-flags`).
    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.split('-').nth(1)
    }

    /// Whether the event is newer than data stored as of `stored`.
    pub(crate) fn is_newer_than(&self, stored: Option<DateTime<Utc>>) -> bool {
        self.signup.as_ref().is_some_and(|signup| stored.is_some_and(|stored| stored < signup.at))
    }

    /// The profile that came with the event, if it says anything.
    pub(crate) fn profile(&self) -> Option<&ProfileChange> {
        self.signup.as_ref()?.profile.as_deref()
    }

    /// The number in E.164, where there is one.
    pub(crate) fn e164(&self) -> Option<&str> {
        self.phone.as_ref().ok().map(|p| p.e164.as_str())
    }
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts")
            .field("user_id", &self.user_id)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

/// The stored columns that a number is read from.
#[derive(Clone, Copy)]
pub(crate) struct StoredNumber<'a> {
    pub(crate) phone_raw: &'a str,
    pub(crate) country_hint: Option<&'a str>,
    pub(crate) language: Option<&'a str>,
}
