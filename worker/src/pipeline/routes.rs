//! The channels of a worker's messages, and when one that is full or held back is looked at again.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use shared::domain::{Channel, ChannelPlan, MessageKind, Route as Listed};

use crate::{
    store::stored_state::StateRows,
    templates::Registry,
    throttle::{Destination, Throttle},
};

/// So soon a channel is looked at again that is free already.
const SOON: Duration = Duration::from_secs(1);
/// Those who wait for a channel come again within this time, the oldest signup first.
const ONE_BY_ONE: Duration = Duration::from_secs(30);

/// What the choice of channels depends on beside the recipient.
pub(crate) struct Routes {
    pub(crate) plan: ChannelPlan,
    pub(crate) registry: Arc<Registry>,
    /// So long a message waits for its channel if another may carry it.
    pub(crate) wait_within: Duration,
    pub(crate) help_line: Option<String>,
}

impl Routes {
    /// The channels that may carry a kind. A reply goes by the channel on which the user wrote.
    pub(super) fn listed(&self, kind: MessageKind) -> &[Channel] {
        match self.plan.of(kind) {
            Listed::Listed(channels) => channels,
            Listed::Same => &Channel::ALL,
        }
    }
}

impl Routes {
    /// When a user who waits for the channel is looked at again: as soon as the channel may carry the message, those who
    /// signed up earlier first, or once another channel may.
    pub(super) fn look_again(
        &self,
        throttle: &Throttle,
        stored: &StateRows,
        since: Option<DateTime<Utc>>,
    ) -> Duration {
        let held = throttle.breaker.holds_for(Destination::Channel(Channel::Whatsapp));
        let wait = held.or(throttle.room.full_for()).unwrap_or(SOON);
        let waited = stored.user.as_ref().and_then(|user| user.channel_waited).unwrap_or_default();
        let rest = self.wait_within.checked_sub(waited).filter(|rest| !rest.is_zero());
        wait.min(rest.unwrap_or(wait)) + behind_older(since)
    }
}

/// The longer ago the signup, the less.
fn behind_older(since: Option<DateTime<Utc>>) -> Duration {
    let age = since.and_then(|since| (Utc::now() - since).to_std().ok()).unwrap_or_default();
    ONE_BY_ONE.mul_f64(1.0 / (1.0 + age.as_secs_f64() / 3600.0))
}
