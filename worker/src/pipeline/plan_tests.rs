use chrono::Utc;
use shared::{
    domain::UserId,
    lane::Lane,
    phone::{CountryList, Region, Rejection},
    templates::Language,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::{
    config::Audience,
    facts::{Arrival, Origin, StoredNumber},
};

const HERS: &str = "9807969278";

fn facts(phone: &str) -> Facts {
    let audience = Audience { region: Region::NEPAL, language: Language::Ne, countries: CountryList::Any };
    let origin = Origin {
        lane: Lane::Live,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        event_id: None,
    };
    let stored = StoredNumber { phone_raw: phone, country_hint: None, language: None };
    Facts::of_stored(UserId::parse("7").unwrap(), stored, origin, &audience)
}

fn stored(phone: &str, state: UserState, reason: Option<&str>) -> StoredUser {
    StoredUser {
        phone_raw: phone.into(),
        phone_e164: facts(phone).e164().map(str::to_owned),
        country_hint: None,
        language: None,
        changed_at: Utc::now(),
        state,
        reason: reason.map(str::to_owned),
        scheduled: false,
        retries: 0,
    }
}

fn held_by(user: &str, outcome: AttemptOutcome) -> Holder {
    let phone_e164 = facts(HERS).e164().unwrap().to_owned();
    Holder { message_id: Uuid::now_v7(), user_id: user.into(), phone_e164, outcome }
}

fn plan(phone: &str, user: Option<StoredUser>, holder: Option<Holder>) -> Plan {
    Plan::of(&facts(phone), &Known { user, holder })
}

#[test]
fn somebody_new_goes_on_to_the_call() {
    assert_eq!(plan(HERS, None, None), Plan::Go);
    assert_eq!(plan(HERS, Some(stored(HERS, UserState::Stored, None)), None), Plan::Go);
    assert_eq!(plan(HERS, Some(stored(HERS, UserState::Received, None)), None), Plan::Go);
}

#[test]
fn an_unusable_number_is_rejected_once() {
    let rejected = Plan::Reject(Reason::Number(Rejection::Empty));
    assert_eq!(plan("", None, None), rejected);
    assert_eq!(plan("", Some(stored(HERS, UserState::Registered, None)), None), rejected);
    assert_eq!(plan("", Some(stored("", UserState::Rejected, Some("empty"))), None), Plan::Skip(Skip::Final));
}

#[test]
fn a_held_number_is_never_called() {
    for outcome in [AttemptOutcome::Sending, AttemptOutcome::Unknown, AttemptOutcome::Accepted] {
        assert_eq!(plan(HERS, None, Some(held_by("other", outcome))), Plan::Link);
        let received = Some(stored(HERS, UserState::Received, None));
        assert_eq!(plan(HERS, received, Some(held_by("other", outcome))), Plan::Link);
    }
}

#[test]
fn a_settled_user_is_skipped() {
    let registered = || Some(stored(HERS, UserState::Registered, None));
    assert_eq!(
        plan(HERS, registered(), Some(held_by("7", AttemptOutcome::Accepted))),
        Plan::Skip(Skip::Final)
    );
    assert_eq!(
        plan(HERS, registered(), Some(held_by("7", AttemptOutcome::Sending))),
        Plan::Skip(Skip::InFlight)
    );
    assert_eq!(
        plan(HERS, registered(), Some(held_by("7", AttemptOutcome::Unknown))),
        Plan::Skip(Skip::InFlight)
    );
    let failed = Some(stored(HERS, UserState::Failed, Some("error_21211")));
    assert_eq!(plan(HERS, failed, None), Plan::Skip(Skip::Final));
    let invalid = Some(stored(HERS, UserState::Rejected, Some("lookup_invalid")));
    assert_eq!(plan(HERS, invalid, None), Plan::Skip(Skip::Final));
}

#[test]
fn a_scheduled_retry_is_left_to_its_time_unless_the_number_changes() {
    let mut user = stored(HERS, UserState::Received, Some("path_fault"));
    user.scheduled = true;
    assert_eq!(plan(HERS, Some(user.clone()), None), Plan::Skip(Skip::Scheduled));
    assert_eq!(plan("9841234567", Some(user), None), Plan::Go);
}

#[test]
fn another_spelling_of_her_number_is_the_same_number() {
    let registered = Some(stored(HERS, UserState::Registered, None));
    let holder = Some(held_by("7", AttemptOutcome::Accepted));
    assert_eq!(plan("+977 980-796-9278", registered, holder), Plan::Skip(Skip::Final));
}

#[test]
fn a_lifted_suppression_lets_the_next_event_through() {
    assert_eq!(plan(HERS, Some(stored(HERS, UserState::Suppressed, Some("opted_out"))), None), Plan::Go);
}
