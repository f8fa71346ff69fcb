//! Decides about one stored user, without doing anything. The dry run and the real run share it.

use shared::{
    domain::UserState,
    phone::{E164, Rejection},
};

use crate::{
    store::{numbers_taken::Taken, selection::Candidate},
    verdict::{Expect, Skip, Verdict},
};

/// The verdict on `user`, whose number reads as `number`; `segments` is what her welcome would take.
///
/// Two users of one run with the same new number both get [`Expect::Welcome`] here; who comes second is
/// found out afterwards.
pub(crate) fn judge(
    user: &Candidate,
    number: Result<E164, Rejection>,
    taken: &Taken,
    segments: u32,
) -> Verdict {
    if user.enqueued {
        return Verdict::Enqueued(expected(user, number, taken, segments));
    }
    match settled(user, number, taken) {
        Some(skip) => Verdict::Skip(skip),
        None => Verdict::Enqueue(expect(user, number, taken, segments)),
    }
}

/// Why it is certain that nothing is left to do. A number that changed since her state was written is not
/// settled.
fn settled(user: &Candidate, number: Result<E164, Rejection>, taken: &Taken) -> Option<Skip> {
    if !user.active {
        return Some(Skip::Inactive);
    }
    match (user.state, number) {
        (UserState::Received, _) if user.scheduled => Some(Skip::Scheduled),
        (UserState::Received, _) => Some(Skip::Queued),
        (UserState::Rejected, Err(why)) => Some(Skip::Rejected(why)),
        (UserState::Rejected, Ok(_)) if user.reason.as_deref() == Some("lookup_invalid") => {
            Some(Skip::LookupInvalid)
        }
        (UserState::Registered, Ok(number)) => taken
            .holder(&number)
            .map(|holder| if *holder == user.user_id { Skip::AlreadyWelcomed } else { Skip::SharedPhone }),
        (UserState::Suppressed, Ok(number)) => taken.is_suppressed(&number).then_some(Skip::Suppressed),
        (UserState::Failed, number) => (!changed_since_attempt(user, number)).then_some(Skip::Failed),
        (UserState::Stored | UserState::Rejected, _)
        | (UserState::Registered | UserState::Suppressed, Err(_)) => None,
    }
}

fn changed_since_attempt(user: &Candidate, number: Result<E164, Rejection>) -> bool {
    let current = number.as_ref().ok().map(E164::as_str);
    user.attempted.as_deref().is_some_and(|attempted| current != Some(attempted))
}

fn expect(user: &Candidate, number: Result<E164, Rejection>, taken: &Taken, segments: u32) -> Expect {
    let number = match number {
        Ok(number) => number,
        Err(why) => return Expect::Rejected(why),
    };
    match taken.holder(&number) {
        Some(holder) if *holder == user.user_id => Expect::AlreadyWelcomed,
        Some(_) => Expect::SharedPhone,
        None if taken.is_suppressed(&number) => Expect::Suppressed,
        None => Expect::Welcome { segments },
    }
}

/// As it was expected when this run published her event; the worker may have welcomed her since.
fn expected(user: &Candidate, number: Result<E164, Rejection>, taken: &Taken, segments: u32) -> Expect {
    match expect(user, number, taken, segments) {
        Expect::AlreadyWelcomed => Expect::Welcome { segments },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use producer::UserId;

    use super::*;

    const HERS: &str = "+9779841000001";
    const OTHER: &str = "+9779841000002";

    fn user(state: UserState) -> Candidate {
        Candidate {
            user_id: UserId::parse("7").unwrap(),
            phone_raw: HERS.into(),
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

    fn judged(user: &Candidate, taken: &Taken) -> Verdict {
        judge(user, Ok(HERS.parse().unwrap()), taken, 1)
    }

    fn held_by(id: &str) -> Taken {
        Taken::of([(HERS, id)], [])
    }

    const WELCOME: Verdict = Verdict::Enqueue(Expect::Welcome { segments: 1 });

    #[test]
    fn a_stored_user_is_always_enqueued() {
        let stored = user(UserState::Stored);
        assert_eq!(judged(&stored, &Taken::default()), WELCOME);
        assert_eq!(judged(&stored, &held_by("8")), Verdict::Enqueue(Expect::SharedPhone));
        assert_eq!(judged(&stored, &held_by("7")), Verdict::Enqueue(Expect::AlreadyWelcomed));
        assert_eq!(judged(&stored, &Taken::of([], [HERS])), Verdict::Enqueue(Expect::Suppressed));
        let empty = judge(&stored, Err(Rejection::Empty), &Taken::default(), 1);
        assert_eq!(empty, Verdict::Enqueue(Expect::Rejected(Rejection::Empty)));
    }

    #[test]
    fn who_is_settled_is_skipped() {
        let skip =
            |user: &Candidate, taken: &Taken, skip| assert_eq!(judged(user, taken), Verdict::Skip(skip));
        skip(&user(UserState::Registered), &held_by("7"), Skip::AlreadyWelcomed);
        skip(&user(UserState::Registered), &held_by("8"), Skip::SharedPhone);
        skip(&user(UserState::Suppressed), &Taken::of([], [HERS]), Skip::Suppressed);
        skip(&user(UserState::Failed), &Taken::default(), Skip::Failed);
        skip(&user(UserState::Received), &Taken::default(), Skip::Queued);
        skip(&Candidate { scheduled: true, ..user(UserState::Received) }, &Taken::default(), Skip::Scheduled);
        skip(&Candidate { active: false, ..user(UserState::Stored) }, &Taken::default(), Skip::Inactive);
        let lookup = Candidate { reason: Some("lookup_invalid".into()), ..user(UserState::Rejected) };
        skip(&lookup, &Taken::default(), Skip::LookupInvalid);
        let rejected = judge(&user(UserState::Rejected), Err(Rejection::Landline), &Taken::default(), 1);
        assert_eq!(rejected, Verdict::Skip(Skip::Rejected(Rejection::Landline)));
    }

    #[test]
    fn whom_this_run_enqueued_before_is_counted_only() {
        let hers = Candidate { enqueued: true, ..user(UserState::Received) };
        let counted = Verdict::Enqueued(Expect::Welcome { segments: 1 });
        assert_eq!(judged(&hers, &Taken::default()), counted);
        assert_eq!(judged(&Candidate { state: UserState::Registered, ..hers }, &held_by("7")), counted);
    }

    #[test]
    fn a_changed_number_is_not_settled() {
        for state in [UserState::Registered, UserState::Suppressed, UserState::Rejected] {
            assert_eq!(judged(&user(state), &Taken::of([(OTHER, "7")], [OTHER])), WELCOME);
        }
        let refused =
            |attempted: &str| Candidate { attempted: Some(attempted.into()), ..user(UserState::Failed) };
        assert_eq!(judged(&refused(OTHER), &Taken::default()), WELCOME);
        assert_eq!(judged(&refused(HERS), &Taken::default()), Verdict::Skip(Skip::Failed));
    }
}
