use chrono::Utc;
use shared::{
    domain::{UserId, UserState, decision::SkipReason},
    lane::QueueLane,
    phone::{CountryList, NumberPolicy, Region},
    templates::Language,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::{
    config::Audience,
    facts::{Arrival, Origin, StoredNumber},
    store::stored_state,
};

const TYPED: &str = "9807969278";

fn facts() -> Facts {
    let numbers = NumberPolicy { region: Region::NEPAL, countries: CountryList::Any };
    let audience = Audience { numbers, language: Language::Ne };
    let origin = Origin {
        lane: QueueLane::Live,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        event_id: None,
    };
    let stored = StoredNumber { phone_raw: TYPED, country_hint: None, language: None };
    Facts::of_stored(UserId::parse("7").unwrap(), stored, origin, &audience)
}

fn stored(state: UserState, scheduled: bool, holder: Option<(&str, AttemptOutcome)>) -> StateRows {
    let phone_e164 = facts().e164().map(str::to_owned);
    let holder = holder.map(|(user, outcome)| stored_state::HolderRow {
        message_id: Uuid::now_v7(),
        user_id: user.into(),
        phone_e164: phone_e164.clone().unwrap(),
        outcome,
    });
    let user = stored_state::UserRow {
        phone_raw: TYPED.into(),
        phone_e164,
        country_hint: None,
        language: None,
        time_zone: None,
        changed_at: Utc::now(),
        state,
        reason: None,
        scheduled,
        preferred_channel: None,
        display_name: None,
        channel_waited: None,
        retries: 0,
    };
    StateRows { user: Some(user), holder, ..StateRows::default() }
}

#[test]
fn the_outcome_of_the_holder_says_whether_its_call_is_in_flight() {
    for (outcome, reason) in [
        (AttemptOutcome::Sending, SkipReason::InFlight),
        (AttemptOutcome::Unknown, SkipReason::InFlight),
        (AttemptOutcome::Accepted, SkipReason::AlreadyWelcomed),
    ] {
        let rows = stored(UserState::Registered, false, Some(("7", outcome)));
        assert_eq!(decide(&facts(), &rows), Decision::Skip(reason));
    }
}

#[test]
fn the_holder_and_the_user_are_distinguished() {
    let shared = stored(UserState::Registered, false, Some(("8", AttemptOutcome::Accepted)));
    assert_eq!(decide(&facts(), &shared), Decision::Skip(SkipReason::SharedPhone));
    let received = stored(UserState::Received, false, Some(("8", AttemptOutcome::Accepted)));
    assert_eq!(decide(&facts(), &received), Decision::Link);
}

#[test]
fn a_scheduled_user_waits_and_a_stored_one_is_sent_to() {
    let scheduled = stored(UserState::Received, true, None);
    assert_eq!(decide(&facts(), &scheduled), Decision::Skip(SkipReason::Scheduled));
    assert_eq!(decide(&facts(), &stored(UserState::Stored, false, None)), Decision::Send);
    assert_eq!(decide(&facts(), &StateRows::default()), Decision::Send);
}
