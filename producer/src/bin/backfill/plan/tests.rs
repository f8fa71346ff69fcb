use shared::domain::UserState;

use super::*;
use crate::channels::{By, BySms, Ways};

const NUMBER: &str = "+9779841000001";
const OTHER: &str = "+9779841000002";

fn user(state: UserState) -> Candidate {
    Candidate {
        user_id: UserId::parse("7").unwrap(),
        phone_raw: NUMBER.into(),
        country_hint: None,
        language: None,
        active: true,
        state,
        reason: None,
        scheduled: false,
        attempted: None,
        enqueued: false,
        updated_at: chrono::DateTime::UNIX_EPOCH,
    }
}

const MESSAGE: Message = Message { by: By::Sms, segments: 1 };

fn action(user: &Candidate, taken: &TakenNumbers) -> Action {
    let lacks_consent = taken.lacks_consent(&user.user_id);
    decide(user, Ok(NUMBER.parse().unwrap()), taken, Ways::by_sms(BySms { segments: 1, lacks_consent }).now)
}

fn held_by(id: &str) -> TakenNumbers {
    TakenNumbers::of([(NUMBER, id)], [])
}

const WELCOME: Action = Action::Enqueue(Expect::Welcome(MESSAGE));

#[test]
fn a_stored_user_is_always_enqueued() {
    let stored = user(UserState::Stored);
    assert_eq!(action(&stored, &TakenNumbers::default()), WELCOME);
    assert_eq!(action(&stored, &held_by("8")), Action::Enqueue(Expect::SharedPhone));
    assert_eq!(action(&stored, &held_by("7")), Action::Enqueue(Expect::AlreadyWelcomed));
    assert_eq!(action(&stored, &TakenNumbers::of([], [NUMBER])), Action::Enqueue(Expect::Suppressed));
    let empty = decide(&stored, Err(Rejection::Empty), &TakenNumbers::default(), Way::Send(MESSAGE));
    assert_eq!(empty, Action::Enqueue(Expect::Rejected(Rejection::Empty)));
}

#[test]
fn a_user_without_a_consent_is_enqueued_to_wait_unless_nothing_would_be_sent() {
    let lacking = |taken| TakenNumbers { without_consent: HashSet::from(["7".to_owned()]), ..taken };
    let stored = user(UserState::Stored);
    let waits = action(&stored, &lacking(TakenNumbers::default()));
    assert_eq!(waits, Action::Enqueue(Expect::Waits(Wait::NoConsent)));
    assert_eq!(action(&stored, &lacking(held_by("8"))), Action::Enqueue(Expect::SharedPhone));
    let waiting = Candidate { scheduled: true, ..user(UserState::Received) };
    let skipped = action(&waiting, &lacking(TakenNumbers::default()));
    assert_eq!(skipped, Action::Skip(SkipReason::Scheduled));
}

#[test]
fn a_settled_user_is_skipped() {
    let skip = |user: &Candidate, taken: &TakenNumbers, skip| {
        assert_eq!(action(user, taken), Action::Skip(skip));
    };
    skip(&user(UserState::Registered), &held_by("7"), SkipReason::AlreadyWelcomed);
    skip(&user(UserState::Registered), &held_by("8"), SkipReason::SharedPhone);
    skip(&user(UserState::Suppressed), &TakenNumbers::of([], [NUMBER]), SkipReason::Suppressed);
    skip(&user(UserState::Failed), &TakenNumbers::default(), SkipReason::Failed);
    skip(&user(UserState::Received), &TakenNumbers::default(), SkipReason::Queued);
    skip(
        &Candidate { scheduled: true, ..user(UserState::Received) },
        &TakenNumbers::default(),
        SkipReason::Scheduled,
    );
    skip(
        &Candidate { active: false, ..user(UserState::Stored) },
        &TakenNumbers::default(),
        SkipReason::Inactive,
    );
    let lookup = Candidate { reason: Some("lookup_invalid".into()), ..user(UserState::Rejected) };
    skip(&lookup, &TakenNumbers::default(), SkipReason::LookupInvalid);
    let rejected = decide(
        &user(UserState::Rejected),
        Err(Rejection::Landline),
        &TakenNumbers::default(),
        Way::Send(MESSAGE),
    );
    assert_eq!(rejected, Action::Skip(SkipReason::Rejected(Rejection::Landline)));
}

#[test]
fn a_user_enqueued_by_this_run_before_is_only_counted() {
    let before = Candidate { enqueued: true, ..user(UserState::Received) };
    let counted = Action::Enqueued(Expect::Welcome(MESSAGE));
    assert_eq!(action(&before, &TakenNumbers::default()), counted);
    assert_eq!(action(&Candidate { state: UserState::Registered, ..before }, &held_by("7")), counted);
}

#[test]
fn a_changed_number_is_not_settled() {
    for state in [UserState::Registered, UserState::Suppressed, UserState::Rejected] {
        assert_eq!(action(&user(state), &TakenNumbers::of([(OTHER, "7")], [OTHER])), WELCOME);
    }
    let refused =
        |attempted: &str| Candidate { attempted: Some(attempted.into()), ..user(UserState::Failed) };
    assert_eq!(action(&refused(OTHER), &TakenNumbers::default()), WELCOME);
    assert_eq!(action(&refused(NUMBER), &TakenNumbers::default()), Action::Skip(SkipReason::Failed));
}
