//! Events about people: consents, changes of the profile, losses. They lead to no call of their own.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use shared::{
    consent::{Door, EntryKey, NewEntry, Person, Source, doors},
    db::{Trouble, sqlstate, trouble},
    domain::{Change, Consent, ProfileChange, TimeZone, UserId},
    erasure::ErasureKey,
    events::{Dropped, Event, EventTime, Kind, ProfileChanged, Rejected},
    phone::NumberPolicy,
};
use sqlx::PgPool;

use super::{
    context::Pipeline,
    inbound::{Inbound, Unfit, decode},
};
use crate::{
    facts::{Facts, NO_TIME},
    store::{
        dead_letters::{self, DeadLetter, UNREADABLE_PROPERTIES},
        erasures,
        profiles::{self, Applied},
    },
};

/// The actor of what an event does.
const ACTOR: &str = "portal";

/// Carries out events about people.
pub(crate) struct People {
    pub(crate) pool: PgPool,
    pub(crate) numbers: NumberPolicy,
    /// Of the digests of erased people.
    pub(crate) erasure: Option<ErasureKey>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeopleOutcome {
    Applied,
    /// It is older than the stored data, and changed nothing.
    Older,
    DeadLetter,
    /// From before the erasure of its user: ignored.
    Erased,
}

impl PeopleOutcome {
    /// The metric label.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Older => "older",
            Self::DeadLetter => "dead_letter",
            Self::Erased => "erased",
        }
    }
}

impl People {
    /// The user that an event is about, if it can be read, and whether it is urgent: changes of profiles wait for it.
    pub(crate) fn gist(inbound: &Inbound) -> (Option<String>, bool) {
        let Ok(event) = decode(inbound) else { return (None, false) };
        let is_urgent = !matches!(event.kind, Kind::ProfileChanged(_));
        (Some(event.kind.user_id().to_string()), is_urgent)
    }

    /// Handles one delivery to its end. `Ok`: everything is committed, the delivery may be acked.
    pub(crate) async fn handle(&self, inbound: &Inbound) -> Result<PeopleOutcome, sqlx::Error> {
        match decode(inbound) {
            Ok(event) => match self.follow(inbound, event).await {
                // It could never be stored, and would come back endlessly.
                Err(error) if trouble(&error) == Trouble::Data => {
                    self.bury(inbound, "data_error", &sqlstate(&error)).await
                }
                other => other,
            },
            Err(Unfit::Properties(fault)) => self.bury(inbound, UNREADABLE_PROPERTIES, fault).await,
            Err(Unfit::Body(rejected)) => self.bury(inbound, rejected.reason(), &rejected.to_string()).await,
        }
    }

    async fn follow(&self, inbound: &Inbound, event: Event) -> Result<PeopleOutcome, sqlx::Error> {
        let at = match event.time {
            EventTime::At(at) => at,
            EventTime::Missing => inbound.published_at.unwrap_or_else(Utc::now),
            EventTime::Unreadable => NO_TIME,
        };
        let user = event.kind.user_id();
        // A profile of an unreadable time is older than everything; a wish is one of now.
        let at = match event.kind {
            Kind::ProfileChanged(_) => at,
            _ => time_of_wish(at, inbound),
        };
        if erasures::ignores(&self.pool, self.erasure.as_ref(), user, at).await? {
            metrics::counter!("onboarding_events_of_erased_total").increment(1);
            return Ok(PeopleOutcome::Erased);
        }
        match event.kind {
            Kind::ProfileChanged(change) => {
                count_unread(Dropped::default(), &change.profile);
                self.change_profile(&change, at).await
            }
            Kind::ConsentChanged(changed) => {
                let name = name(event.id.as_deref(), inbound);
                let entries = entries(&name, changed.consents.as_slice(), at);
                let reason = "said in the portal";
                let door = Door { source: Source::Event, actor: ACTOR, reason, action: None };
                doors::consents(&self.pool, Person::User(&changed.user_id), &entries, &door).await?;
                Ok(PeopleOutcome::Applied)
            }
            // Who reported it is not stored: it may name a person, and no erasure reaches the actor of a ledger.
            Kind::LossReported { user_id, reported_by: _ } => {
                let reason = "reported by the portal";
                let door = Door { source: Source::Event, actor: ACTOR, reason, action: Some("loss report") };
                let name = name(event.id.as_deref(), inbound);
                doors::loss_by_event(&self.pool, &user_id, &name, &door).await?;
                Ok(PeopleOutcome::Applied)
            }
            Kind::SignedUp(_) | Kind::Stored(_) => {
                let rejected = Rejected::UnknownType;
                self.bury(inbound, rejected.reason(), "this type belongs to another queue").await
            }
            Kind::Erased(user_id) => {
                let reason = "erased in the portal";
                let door = Door { source: Source::Event, actor: ACTOR, reason, action: Some("person erase") };
                doors::request_erasure(&self.pool, &user_id, at, &door).await?;
                Ok(PeopleOutcome::Applied)
            }
        }
    }

    async fn change_profile(
        &self,
        change: &ProfileChanged,
        at: DateTime<Utc>,
    ) -> Result<PeopleOutcome, sqlx::Error> {
        // Stops are handled first, and another worker may have handled a later one.
        if let Some(phone) = profiles::new_number(&self.pool, &self.numbers, change, at).await? {
            let reason = "said in the portal";
            let door = Door { source: Source::Event, actor: ACTOR, reason, action: None };
            doors::follow_number(&self.pool, &change.user_id, &phone, at, &door).await?;
        }
        let applied = profiles::apply(&self.pool, &self.numbers, self.erasure.as_ref(), change, at).await?;
        if applied == Applied::Yes && !(change.phone.is_keep() && change.profile.household_id.is_keep()) {
            doors::follow_losses(&self.pool, Some(&change.user_id)).await?;
        }
        Ok(match applied {
            Applied::Yes => PeopleOutcome::Applied,
            Applied::Older => PeopleOutcome::Older,
        })
    }

    async fn bury(
        &self,
        inbound: &Inbound,
        reason: &'static str,
        detail: &str,
    ) -> Result<PeopleOutcome, sqlx::Error> {
        let letter = DeadLetter {
            reason,
            detail,
            lane: None,
            routing_key: &inbound.routing_key,
            message_id: inbound.message_id.as_deref(),
            published_at: inbound.published_at,
            headers: &inbound.headers,
            body: &inbound.body,
        };
        dead_letters::bury(&self.pool, &letter).await?;
        metrics::counter!("onboarding_dead_letters_total", "reason" => reason).increment(1);
        tracing::warn!(event_id = inbound.shown_id().as_deref(), reason, detail, "dead letter");
        Ok(PeopleOutcome::DeadLetter)
    }
}

/// Counts what an event says and nobody can read. The event counts without it.
pub(super) fn count_unread(dropped: Dropped, profile: &ProfileChange) {
    let zones = usize::from(profile.time_zone == Change::Set(TimeZone::Invalid));
    for (what, count) in [("field", dropped.fields), ("consent", dropped.consents), ("time_zone", zones)] {
        if count > 0 {
            metrics::counter!("onboarding_unread_fields_total", "what" => what).increment(count as u64);
        }
    }
}

/// Whether an event of this time is from before the erasure of its user.
pub(super) async fn was_erased(
    pipeline: &Pipeline,
    user: &UserId,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    erasures::ignores(&pipeline.pool, pipeline.erasure.as_ref(), user, at).await
}

/// Enters the consents that came with a signup.
pub(super) async fn of_signup(
    pipeline: &Pipeline,
    inbound: &Inbound,
    event_id: Option<&str>,
    facts: &Facts,
    consents: &[Consent],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let entries = entries(&name(event_id, inbound), consents, time_of_wish(at, inbound));
    let door = Door { source: Source::Signup, actor: ACTOR, reason: "said at the signup", action: None };
    let number = facts.phone.as_ref().ok().map(|phone| &phone.e164);
    doors::consents(&pipeline.pool, Person::Signup(&facts.user_id, number), &entries, &door).await.map(drop)
}

/// A loss in the household that the signup names silences its user before the welcome.
pub(super) async fn joins_household(
    pipeline: &Pipeline,
    facts: &Facts,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let household = facts.profile().and_then(|profile| profile.household_id.as_ref().set());
    let Some(household) = household else { return Ok(()) };
    if was_erased(pipeline, &facts.user_id, at).await? {
        return Ok(());
    }
    let phone = facts.phone.as_ref().ok().map(|phone| &phone.e164);
    doors::join_household(&pipeline.pool, &facts.user_id, phone, household.as_str()).await
}

/// A wish whose time cannot be read is one of now: it must not come before what is true already.
fn time_of_wish(at: DateTime<Utc>, inbound: &Inbound) -> DateTime<Utc> {
    if at == NO_TIME { inbound.published_at.unwrap_or_else(Utc::now) } else { at }
}

/// What names an event in the ledger: its id, else the digest of its content.
fn name<'a>(id: Option<&'a str>, inbound: &Inbound) -> Cow<'a, str> {
    id.map_or_else(|| Cow::Owned(inbound.key()), Cow::Borrowed)
}

/// The entries of an event. A consent without a time is of the time of its event.
fn entries(event: &str, consents: &[Consent], at: DateTime<Utc>) -> Vec<NewEntry> {
    let entry = |(position, consent): (usize, &Consent)| NewEntry {
        key: EntryKey::of_event(event, position),
        consent: Consent { at: consent.at.or(Some(at)), ..consent.clone() },
    };
    consents.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests;
