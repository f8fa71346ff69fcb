//! What holds back a message that could be sent: the night of the person, and a missing consent.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use shared::{
    domain::{Change, MessageKind},
    lane::QueueLane,
    templates::STAFF_URGENT,
};
use sqlx::PgPool;

use crate::{
    calendar::Calendar,
    config::WaitRules,
    facts::Facts,
    store::{calendar, fallbacks, messages::Due, stored_state::StateRows},
};

/// A user without a consent is looked at again after as long as they have waited, within these limits: doors enqueue them
/// at once, and this finds what no door could know, such as a changed setting.
const LOOK_AGAIN: [TimeDelta; 2] = [TimeDelta::minutes(1), TimeDelta::days(1)];

/// A message that waits for the end of a conversation is due when it is closed. It is looked at again after this time, because the
/// conversation may have been closed before the wait was stored.
pub(super) const TALK_AGAIN: Duration = Duration::from_secs(600);

/// The rules of one worker, and the time that they are judged by.
pub(crate) struct Waits {
    pub(crate) rules: WaitRules,
    pub(crate) calendar: Calendar,
}

impl Waits {
    /// Today in Nepal.
    pub(crate) fn today(&self) -> NaiveDate {
        self.calendar.now().with_timezone(&chrono_tz::Asia::Kathmandu).date_naive()
    }

    /// Whether a welcome waits for the day at all. The hours of a backfill are those of its lane.
    pub(super) fn looks_at_night(&self, facts: &Facts) -> bool {
        self.rules.quiet_welcomes && facts.lane == QueueLane::Live
    }

    /// How long the night of a user still holds the welcome back, up to the turn of the user. None: it is day, or the
    /// welcome does not wait for it.
    pub(super) async fn night_of(
        &self,
        pool: &PgPool,
        facts: &Facts,
        stored: &StateRows,
    ) -> Result<Option<Duration>, sqlx::Error> {
        let Some(quiet) = self.rules.quiet_hours.filter(|_| self.looks_at_night(facts)) else {
            return Ok(None);
        };
        let zone = zone_of(facts, stored);
        self.wait(pool, |now| quiet.turn(now, zone, facts.user_id.as_str())).await
    }

    /// How long the night of the recipient still holds a message back.
    pub(super) async fn night_of_message(
        &self,
        pool: &PgPool,
        kind: MessageKind,
        due: &Due,
    ) -> Result<Option<Duration>, sqlx::Error> {
        let Some(quiet) = self.rules.quiet_hours else { return Ok(None) };
        // A reply answers a person who is awake, and staff are called at any hour.
        if !matches!(kind, MessageKind::Tip | MessageKind::Notice) || due.slot == STAFF_URGENT {
            return Ok(None);
        }
        let zone = known(due.time_zone.as_deref());
        self.wait(pool, |now| quiet.end(now, zone)).await
    }

    /// How long the night of the recipient still holds a fallback back.
    pub(super) async fn night_of_fallback(
        &self,
        pool: &PgPool,
        kind: MessageKind,
        due: &fallbacks::Due,
    ) -> Result<Option<Duration>, sqlx::Error> {
        let Some(quiet) = self.rules.quiet_hours else { return Ok(None) };
        let applies = match kind {
            MessageKind::Tip | MessageKind::Notice => true,
            MessageKind::Welcome => self.rules.quiet_welcomes && due.lane == QueueLane::Live.as_str(),
            MessageKind::Reply => false,
        };
        if !applies {
            return Ok(None);
        }
        let zone = known(due.time_zone.as_deref());
        self.wait(pool, |now| quiet.end(now, zone)).await
    }

    /// How long to wait for the time that `end` returns for the time of the calendar.
    async fn wait(
        &self,
        pool: &PgPool,
        end: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Result<Option<Duration>, sqlx::Error> {
        if end(self.calendar.now()).is_none() {
            return Ok(None);
        }
        // A test may have moved the calendar since this worker looked; the wait is long.
        let now = Utc::now() + TimeDelta::from_std(calendar::ahead(pool).await?).unwrap_or_default();
        Ok(end(now).map(|end| (end - now).to_std().unwrap_or_default()))
    }

    /// When a user without a consent is looked at again who has waited since then.
    pub(super) fn look_again(since: Option<DateTime<Utc>>) -> Duration {
        let [shortest, longest] = LOOK_AGAIN;
        let waited = since.map_or(shortest, |since| Utc::now() - since);
        waited.clamp(shortest, longest).to_std().unwrap_or_default()
    }
}

/// The zone that the event names, else the stored one.
fn zone_of(facts: &Facts, stored: &StateRows) -> Option<Tz> {
    match facts.signup.as_ref().map(|signup| signup.time_zone) {
        Some(Change::Set(zone)) => zone.known(),
        Some(Change::Clear) => None,
        Some(Change::Keep) | None => known(stored.user.as_ref().and_then(|user| user.time_zone.as_deref())),
    }
}

/// A stored zone. Zones are checked when they are stored: one that is not known is counted.
fn known(stored: Option<&str>) -> Option<Tz> {
    let zone = stored.map(str::parse);
    if let Some(Err(_)) = zone {
        metrics::counter!("onboarding_unknown_time_zones_total").increment(1);
    }
    zone?.ok()
}
