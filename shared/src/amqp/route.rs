//! Which queue an event goes to, and by which routing key.

use crate::{
    events::{self, Kind, OutEvent},
    lane::QueueLane,
};

/// The way of an event to its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// To the queue of a lane.
    Lane(QueueLane),
    /// To the queue of events about people.
    People(PeopleEvent),
    /// To the queues that the portal binds. Workers do not consume it.
    Out(OutEvent),
}

/// An event of the queue `onboarding.people`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PeopleEvent {
    /// The number or the profile of a user changed.
    ProfileChanged,
    /// A user gave or withdrew consents.
    ConsentChanged,
    /// A loss was reported.
    LossReported,
    /// The portal erased a user.
    Erased,
}

impl PeopleEvent {
    /// Every event of the queue.
    pub const ALL: [Self; 4] = [Self::ProfileChanged, Self::ConsentChanged, Self::LossReported, Self::Erased];

    /// The routing key.
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::ProfileChanged => "user.profile_changed.v1",
            Self::ConsentChanged => "user.consent_changed.v1",
            Self::LossReported => "user.loss_reported.v1",
            Self::Erased => "user.erased.v1",
        }
    }

    /// The `type` of the event.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::ProfileChanged => events::PROFILE_CHANGED,
            Self::ConsentChanged => events::CONSENT_CHANGED,
            Self::LossReported => events::LOSS_REPORTED,
            Self::Erased => events::ERASED,
        }
    }
}

impl Route {
    /// Every route to a queue of ours.
    pub const ALL: [Self; 6] = [
        Self::Lane(QueueLane::Live),
        Self::Lane(QueueLane::Backfill),
        Self::People(PeopleEvent::ProfileChanged),
        Self::People(PeopleEvent::ConsentChanged),
        Self::People(PeopleEvent::LossReported),
        Self::People(PeopleEvent::Erased),
    ];

    /// The route of a published event of this `type`. None for an unknown type.
    pub fn of_type(event_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.event_type() == event_type)
    }

    /// The route of this routing key. None for an unknown key.
    pub fn of_key(routing_key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.routing_key() == routing_key)
    }

    /// The route of a published event of this content.
    pub fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::SignedUp(_) => Self::Lane(QueueLane::Live),
            Kind::Stored(_) => Self::Lane(QueueLane::Backfill),
            Kind::ProfileChanged(_) => Self::People(PeopleEvent::ProfileChanged),
            Kind::ConsentChanged(_) => Self::People(PeopleEvent::ConsentChanged),
            Kind::LossReported { .. } => Self::People(PeopleEvent::LossReported),
            Kind::Erased(_) => Self::People(PeopleEvent::Erased),
        }
    }

    /// The routing key. Each key has one route.
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::Lane(QueueLane::Live) => "user.signed_up.v1",
            Self::Lane(QueueLane::Backfill) => "user.backfill.v1",
            Self::People(event) => event.routing_key(),
            Self::Out(event) => event.routing_key(),
        }
    }

    /// The `type` of the events that publishers send this way. The live lane also carries backfill events.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Lane(QueueLane::Live) => events::SIGNED_UP,
            Self::Lane(QueueLane::Backfill) => events::BACKFILL,
            Self::People(event) => event.event_type(),
            Self::Out(event) => event.event_type(),
        }
    }

    /// The lane. None for other events.
    pub const fn lane(self) -> Option<QueueLane> {
        match self {
            Self::Lane(lane) => Some(lane),
            Self::People(_) | Self::Out(_) => None,
        }
    }
}

impl From<QueueLane> for Route {
    fn from(lane: QueueLane) -> Self {
        Self::Lane(lane)
    }
}

impl From<PeopleEvent> for Route {
    fn from(event: PeopleEvent) -> Self {
        Self::People(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_prefix_and_the_routing_key() {
        for route in Route::ALL {
            assert_eq!(route.event_type(), format!("np.aamcare.{}", route.routing_key()));
            assert_eq!(Route::of_type(route.event_type()), Some(route));
            assert_eq!(Route::of_key(route.routing_key()), Some(route));
        }
        assert_eq!(Route::ALL.map(Route::event_type), events::TYPES);
        assert_eq!(Route::ALL.into_iter().filter_map(Route::lane).collect::<Vec<_>>(), QueueLane::ALL);
        assert_eq!((Route::of_type("user.erased.v1"), Route::of_key("user.erased.v2")), (None, None));
    }
}
