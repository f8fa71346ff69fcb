use uuid::Uuid;

use super::*;
use crate::twilio::{MessageSid, MessageStatus, PathFault, UnknownCause, classify_create};

const TERMS: Terms = Terms {
    retry: RetryPolicy { base: Duration::from_secs(1), max: Duration::from_secs(3600) },
    retries: 3,
    first_check: Duration::from_secs(30),
    blame: Blame::Account,
    held_back: false,
};

fn settled(answer: &CreateOutcome) -> Ended {
    settle(AttemptRef::welcome(Uuid::now_v7()), "7".into(), answer, Refusal::of, TERMS)
}

fn refusal(status: u16, code: Option<u32>) -> Ended {
    blamed(status, code, Blame::Account)
}

fn blamed(status: u16, code: Option<u32>, blame: Blame) -> Ended {
    let class = classify_create(status, code);
    let answer = CreateOutcome::Refused { status, code, class, retry_after: None };
    settle(AttemptRef::welcome(Uuid::now_v7()), "7".into(), &answer, Refusal::of, Terms { blame, ..TERMS })
}

fn user(ended: &Ended) -> (UserState, String, bool) {
    let user = ended.user.as_ref().expect("the user changes");
    (user.state, user.reason.to_string(), user.again_in.is_some())
}

#[test]
fn an_accepted_message_speaks_for_its_user() {
    let sid = MessageSid::parse("SM00000000000000000000000000000001").unwrap();
    let status = MessageStatus::parse("accepted");
    let ended = settled(&CreateOutcome::Accepted { sid, status, segments: None, error_code: None });
    assert_eq!(ended.outcome, AttemptOutcome::Accepted);
    assert!(ended.user.is_none() && ended.accepted.is_some());
}

#[test]
fn no_definite_answer_is_unknown_and_is_never_scheduled() {
    for cause in [
        UnknownCause::Timeout,
        UnknownCause::Lost,
        UnknownCause::ServerError { status: 500, code: Some(20500) },
    ] {
        let ended = settled(&CreateOutcome::Unknown { cause });
        assert_eq!(ended.outcome, AttemptOutcome::Unknown);
        assert!(ended.user.is_none());
        assert_eq!(ended.check_in, Some(TERMS.first_check));
    }
}

#[test]
fn an_unwritten_request_is_retried_and_uses_nothing_up() {
    let ended = settled(&CreateOutcome::NotWritten { cause: PathFault::Connect });
    assert_eq!(ended.outcome, AttemptOutcome::Unwritten);
    assert_eq!(user(&ended), (UserState::Received, "path_fault".into(), true));
}

#[test]
fn each_kind_of_refusal_has_its_consequence() {
    use AttemptOutcome::{Deferred, Refused};
    use UserState::{Failed, Received, Suppressed};
    for (status, code, outcome, state, reason, again) in [
        (400, Some(21211), Refused, Failed, "error_21211", false),
        (400, Some(21614), Refused, Failed, "error_21614", false),
        (400, Some(21617), Refused, Failed, "error_21617", false),
        (400, None, Refused, Failed, "http_400", false),
        (400, Some(21610), Refused, Suppressed, "opted_out", false),
        (401, Some(20003), Deferred, Received, "breaker_open", true),
        (400, Some(21408), Deferred, Received, "breaker_open", true),
        (429, Some(63038), Deferred, Received, "daily_cap", true),
        (429, Some(20429), Deferred, Received, "path_fault", true),
        (429, Some(21611), Refused, Received, "error_21611", true),
        (409, Some(20409), Refused, Received, "error_20409", true),
    ] {
        let ended = refusal(status, code);
        assert_eq!(ended.outcome, outcome, "{code:?}");
        assert_eq!(user(&ended), (state, reason.to_owned(), again), "{code:?}");
        assert_eq!(ended.suppress, code == Some(21610));
    }
}

#[test]
fn only_temporary_refusals_count_towards_the_limit() {
    let counts = |status, code| refusal(status, code).user.is_some_and(|u| u.counts);
    assert!(counts(409, Some(20409)) && counts(429, Some(21611)));
    assert!(!counts(429, Some(20429)) && !counts(401, Some(20003)));
}

#[test]
fn a_retry_after_is_a_floor() {
    let class = Class::Throttled { min_delay: Duration::ZERO };
    let retry_after = Some(Duration::from_secs(700));
    let ended = settled(&CreateOutcome::Refused { status: 429, code: Some(20429), class, retry_after });
    assert!(ended.user.and_then(|u| u.again_in) >= retry_after);
}

#[test]
fn a_fault_of_account_or_country_uses_no_attempt() {
    for (code, blame) in [(20003, Blame::Account), (21606, Blame::Account), (21408, Blame::Destination)] {
        let ended = blamed(400, Some(code), blame);
        assert_eq!(ended.outcome, AttemptOutcome::Deferred, "{code}");
        assert_eq!(user(&ended), (UserState::Received, "breaker_open".into(), true), "{code}");
    }
}

#[test]
fn a_recipient_refused_alone_waits_longer_each_time_and_comes_to_an_end_with_the_code() {
    for (status, code, reason) in [(400, Some(21606), "error_21606"), (403, None, "http_403")] {
        let ended = blamed(status, code, Blame::Recipient);
        assert_eq!(ended.outcome, AttemptOutcome::Refused);
        assert_eq!(user(&ended), (UserState::Received, reason.to_owned(), true));
        let user = ended.user.expect("the user changes");
        assert!(user.counts);
        assert_eq!(user.ends_with.to_string(), reason);
    }
}

#[test]
fn a_country_that_stays_held_back_ends_its_users_with_the_code_and_an_account_never_does() {
    let ends = |blame| blamed(400, Some(21408), blame).user.map(|u| (u.counts, u.ends_with.to_string()));
    assert_eq!(ends(Blame::Destination), Some((true, "error_21408".to_owned())));
    assert!(ends(Blame::Account).is_some_and(|(counts, _)| !counts));
}

#[test]
fn a_call_that_was_not_written_waits_for_the_breaker_alone_once_that_is_open() {
    let answer = CreateOutcome::NotWritten { cause: PathFault::Connect };
    let ended = settle(
        AttemptRef::welcome(Uuid::now_v7()),
        "7".into(),
        &answer,
        Refusal::of,
        Terms { held_back: true, ..TERMS },
    );
    assert_eq!(user(&ended), (UserState::Received, "path_fault".into(), true));
    assert!(ended.user.and_then(|u| u.again_in).is_some_and(|d| d < Duration::from_millis(10)));
}
