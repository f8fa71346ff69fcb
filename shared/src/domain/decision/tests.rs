use super::*;
use crate::{
    domain::Channel,
    phone::{self, Region},
};

const TYPED: &str = "9807969278";
const OTHER: &str = "9841234567";

const WELCOMED: Option<Holder<'_>> = Some(Holder { own: true, ..ANOTHERS });
const ANOTHERS: Holder<'_> = Holder { phone_e164: "+9779807969278", own: false, in_flight: false };
const CALLED: Option<Holder<'_>> = Some(Holder { own: true, in_flight: true, ..ANOTHERS });

fn number(raw: &str) -> TypedNumber<'_> {
    let e164 = phone::normalise(raw, Region::NEPAL).map(|phone| phone.e164);
    TypedNumber { raw, country_hint: None, e164 }
}

fn user(phone_raw: &str, state: UserState) -> StoredUser<'_> {
    let phone_e164 = (phone_raw == TYPED).then_some(ANOTHERS.phone_e164);
    StoredUser {
        phone_raw,
        country_hint: None,
        phone_e164,
        active: true,
        state,
        reason: None,
        scheduled: false,
        attempted: None,
    }
}

fn stored<'a>(user: Option<StoredUser<'a>>, holder: Option<Holder<'a>>) -> StoredState<'a> {
    StoredState { user, holder, suppressed: false }
}

/// The decision about the delivery of an event with the number `typed`.
fn on_delivery(typed: &str, user: Option<StoredUser<'_>>, holder: Option<Holder<'_>>) -> Decision {
    Decision::on_delivery(&number(typed), &stored(user, holder))
}

#[test]
fn a_new_user_is_sent_to() {
    assert_eq!(on_delivery(TYPED, None, None), Decision::Send);
    assert_eq!(on_delivery(TYPED, Some(user(TYPED, UserState::Stored)), None), Decision::Send);
    assert_eq!(on_delivery(TYPED, Some(user(TYPED, UserState::Received)), None), Decision::Send);
}

#[test]
fn an_unusable_number_is_rejected_once() {
    let rejected = Decision::Reject(Rejection::Empty);
    assert_eq!(on_delivery("", None, None), rejected);
    assert_eq!(on_delivery("", Some(user(TYPED, UserState::Registered)), None), rejected);
    let known = StoredUser { reason: Some("empty"), ..user("", UserState::Rejected) };
    assert_eq!(on_delivery("", Some(known), None), Decision::Skip(SkipReason::Rejected(Rejection::Empty)));
}

#[test]
fn a_held_number_is_never_called() {
    for in_flight in [true, false] {
        let holder = Some(Holder { in_flight, ..ANOTHERS });
        assert_eq!(on_delivery(TYPED, None, holder), Decision::Link);
        let received = Some(user(TYPED, UserState::Received));
        assert_eq!(on_delivery(TYPED, received, holder), Decision::Link);
        let scheduled = StoredUser { scheduled: true, ..user(TYPED, UserState::Received) };
        assert_eq!(on_delivery(TYPED, Some(scheduled), holder), Decision::Link);
    }
}

#[test]
fn a_settled_user_is_skipped_on_delivery() {
    let registered = Some(user(TYPED, UserState::Registered));
    let skip = |reason: SkipReason, word: &str| {
        assert_eq!(reason.as_str(), word);
        Decision::Skip(reason)
    };
    assert_eq!(on_delivery(TYPED, registered, WELCOMED), skip(SkipReason::AlreadyWelcomed, "final"));
    assert_eq!(on_delivery(TYPED, registered, Some(ANOTHERS)), skip(SkipReason::SharedPhone, "final"));
    assert_eq!(on_delivery(TYPED, registered, CALLED), skip(SkipReason::InFlight, "in_flight"));
    let failed = StoredUser { reason: Some("error_21211"), ..user(TYPED, UserState::Failed) };
    assert_eq!(on_delivery(TYPED, Some(failed), None), skip(SkipReason::Failed, "final"));
    let invalid = StoredUser { reason: Some("lookup_invalid"), ..user(TYPED, UserState::Rejected) };
    assert_eq!(on_delivery(TYPED, Some(invalid), None), skip(SkipReason::LookupInvalid, "final"));
}

#[test]
fn a_scheduled_retry_keeps_its_time_unless_the_number_changes() {
    let user = StoredUser { reason: Some("path_fault"), scheduled: true, ..user(TYPED, UserState::Received) };
    assert_eq!(on_delivery(TYPED, Some(user), None), Decision::Skip(SkipReason::Scheduled));
    assert_eq!(on_delivery(OTHER, Some(user), None), Decision::Send);
}

#[test]
fn another_spelling_of_a_number_is_the_same_number() {
    let registered = Some(user(TYPED, UserState::Registered));
    let decision = on_delivery("+977 980-796-9278", registered, WELCOMED);
    assert_eq!(decision, Decision::Skip(SkipReason::AlreadyWelcomed));
}

#[test]
fn a_lifted_suppression_lets_the_next_event_through() {
    let suppressed = StoredUser { reason: Some("opted_out"), ..user(TYPED, UserState::Suppressed) };
    assert_eq!(on_delivery(TYPED, Some(suppressed), None), Decision::Send);
}

/// The decision of a backfill about a stored user.
fn before_enqueue(user: StoredUser<'_>, holder: Option<Holder<'_>>) -> Decision {
    Decision::before_enqueue(&number(user.phone_raw), &stored(Some(user), holder))
}

#[test]
fn a_user_with_an_event_under_way_is_not_enqueued_again() {
    let received = user(TYPED, UserState::Received);
    assert_eq!(before_enqueue(received, WELCOMED), Decision::Skip(SkipReason::Queued));
    let scheduled = StoredUser { scheduled: true, ..received };
    assert_eq!(before_enqueue(scheduled, WELCOMED), Decision::Skip(SkipReason::Scheduled));
}

#[test]
fn an_inactive_user_is_not_enqueued() {
    for state in UserState::ALL {
        let closed = StoredUser { active: false, ..user(TYPED, state) };
        assert_eq!(before_enqueue(closed, None), Decision::Skip(SkipReason::Inactive));
    }
}

#[test]
fn the_dry_run_and_the_worker_agree_about_every_settled_user() {
    let states = [UserState::Stored, UserState::Rejected, UserState::Registered, UserState::Failed];
    for state in states {
        for phone in [TYPED, OTHER, ""] {
            for reason in [None, Some("lookup_invalid")] {
                for holder in [None, WELCOMED, CALLED, Some(ANOTHERS)] {
                    let user = StoredUser { reason, ..user(phone, state) };
                    let delivered = on_delivery(phone, Some(user), holder);
                    assert_eq!(before_enqueue(user, holder), delivered, "{user:?} {holder:?}");
                }
            }
        }
    }
}

#[test]
fn only_a_suppressed_number_settles_a_suppressed_user() {
    let user = user(TYPED, UserState::Suppressed);
    let decide = |suppressed| {
        let stored = StoredState { user: Some(user), holder: None, suppressed };
        Decision::before_enqueue(&number(TYPED), &stored)
    };
    assert_eq!(decide(true), Decision::Skip(SkipReason::Suppressed));
    assert_eq!(decide(false), Decision::Send);
}

#[test]
fn conditions_hold_back_only_what_would_be_sent() {
    let day = Conditions { choice: Choice::Send(Channel::Sms), quiet: false, talking: false };
    let night = Conditions { quiet: true, ..day };
    let unconsented = Conditions { choice: Choice::Wait(Wait::NoConsent), ..day };
    assert_eq!(Decision::Send.under(day), Decision::Send);
    assert_eq!(Decision::Send.under(night), Decision::Wait(Wait::Quiet));
    let talking = Conditions { talking: true, ..night };
    assert_eq!(Decision::Send.under(talking), Decision::Wait(Wait::Conversation));
    for quiet in [false, true] {
        let waits = Decision::Send.under(Conditions { quiet, ..unconsented });
        assert_eq!(waits, Decision::Wait(Wait::NoConsent));
    }
    for other in [Decision::Link, Decision::Reject(Rejection::Empty), Decision::Skip(SkipReason::Failed)] {
        assert_eq!(other.under(Conditions { quiet: true, talking: true, ..unconsented }), other);
    }
}
