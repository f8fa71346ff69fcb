//! What a backfill does about one stored user. The dry run and the real run share it.

use std::collections::{HashMap, HashSet};

use producer::UserId;
use shared::{
    consent::welcome,
    domain::{
        Channel,
        channel_choice::Choice,
        decision::{Conditions, Decision, Holder, SkipReason, StoredState, StoredUser, TypedNumber, Wait},
    },
    phone::{E164, Rejection},
};
use sqlx::PgPool;

use crate::selection::Candidate;

/// The action for one stored user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The event is published.
    Enqueue(Expect),
    /// This run published the event before it was stopped. The user is only counted.
    Enqueued(Expect),
    /// The worker would do nothing, so no event is published.
    Skip(SkipReason),
}

/// The expected result of an event, by the data of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// The worker sends a message.
    Welcome {
        /// The billed segments of the message.
        segments: u32,
    },
    /// The worker records that the user was welcomed before.
    AlreadyWelcomed,
    /// The worker records that another user with the number is welcomed.
    SharedPhone,
    /// The worker records that the number is suppressed.
    Suppressed,
    /// The worker records that the number cannot be texted.
    Rejected(Rejection),
    /// The worker records that the user waits for a consent.
    NoConsent,
}

/// The action for `user`, whose number reads as `number`. The welcome would take `segments`.
///
/// Two users of one run with the same new number both get [`Expect::Welcome`] here. The second one is found
/// afterwards.
pub(crate) fn decide(
    user: &Candidate,
    number: Result<E164, Rejection>,
    taken: &TakenNumbers,
    segments: u32,
) -> Action {
    let typed =
        TypedNumber { raw: &user.phone_raw, country_hint: user.country_hint.as_deref(), e164: number };
    let stored = stored_state(user, number.as_ref().ok(), taken);
    // The hours of a backfill are those of its lane: no night of a person holds its welcomes back.
    let choice = if taken.lacks_consent(&user.user_id) {
        Choice::Wait(Wait::NoConsent)
    } else {
        Choice::Send(Channel::Sms)
    };
    let conditions = Conditions { choice, quiet: false };
    if user.enqueued {
        return match expect(Decision::for_number(&typed, &stored).under(conditions), &stored, segments) {
            // The worker may have welcomed the user since this run published the event.
            Ok(Expect::AlreadyWelcomed) => Action::Enqueued(Expect::Welcome { segments }),
            Ok(expect) => Action::Enqueued(expect),
            Err(reason) => Action::Skip(reason),
        };
    }
    match expect(Decision::before_enqueue(&typed, &stored).under(conditions), &stored, segments) {
        Ok(expect) => Action::Enqueue(expect),
        Err(reason) => Action::Skip(reason),
    }
}

fn stored_state<'a>(user: &'a Candidate, number: Option<&'a E164>, taken: &TakenNumbers) -> StoredState<'a> {
    let holder = number.and_then(|number| {
        let own = *taken.holder(number)? == user.user_id;
        Some(Holder { phone_e164: number.as_str(), own, in_flight: false })
    });
    let stored = StoredUser {
        phone_raw: &user.phone_raw,
        country_hint: user.country_hint.as_deref(),
        // The number is the stored one as typed, so its old reading does not matter.
        phone_e164: None,
        active: user.active,
        state: user.state,
        reason: user.reason.as_deref(),
        scheduled: user.scheduled,
        attempted: user.attempted.as_deref(),
    };
    let suppressed = number.is_some_and(|number| taken.is_suppressed(number));
    StoredState { user: Some(stored), holder, suppressed }
}

/// The expected result, or the reason to skip the user.
fn expect(decision: Decision, stored: &StoredState<'_>, segments: u32) -> Result<Expect, SkipReason> {
    match decision {
        Decision::Skip(reason) => Err(reason),
        Decision::Reject(why) => Ok(Expect::Rejected(why)),
        Decision::Link if stored.holder.is_some_and(|holder| holder.own) => Ok(Expect::AlreadyWelcomed),
        Decision::Link => Ok(Expect::SharedPhone),
        Decision::Send if stored.suppressed => Ok(Expect::Suppressed),
        Decision::Send | Decision::Wait(Wait::Quiet) => Ok(Expect::Welcome { segments }),
        Decision::Wait(_) => Ok(Expect::NoConsent),
    }
}

/// The numbers of a page that are held by an attempt, those that are suppressed, and the users who lack a consent.
#[derive(Default)]
pub(crate) struct TakenNumbers {
    holders: HashMap<String, UserId>,
    suppressed: HashSet<String>,
    pub(crate) without_consent: HashSet<String>,
}

impl TakenNumbers {
    /// Looks up `numbers` by the unique index of each table.
    pub(crate) async fn of_numbers(pool: &PgPool, numbers: &[String]) -> Result<Self, sqlx::Error> {
        let taken = sqlx::query!(
            r#"SELECT phone_e164 AS "number!", user_id AS holder FROM attempts
               WHERE blocks AND phone_e164 = ANY ($1)
               UNION ALL
               SELECT phone_e164, NULL FROM suppressions WHERE lifted_at IS NULL AND phone_e164 = ANY ($1)"#,
            numbers,
        )
        .fetch_all(pool)
        .await?;
        let mut found = Self::default();
        for row in taken {
            match row.holder.as_deref().map(UserId::parse) {
                Some(Ok(holder)) => {
                    found.holders.insert(row.number, holder);
                }
                // No stored user has an id that an event cannot carry.
                Some(Err(_)) => {}
                None => {
                    found.suppressed.insert(row.number);
                }
            }
        }
        Ok(found)
    }

    /// Whether the user lacks a consent to the welcome.
    pub(crate) fn lacks_consent(&self, user: &UserId) -> bool {
        self.without_consent.contains(user.as_str())
    }

    /// The user whose attempt holds `number`.
    pub(crate) fn holder(&self, number: &E164) -> Option<&UserId> {
        self.holders.get(number.as_str())
    }

    /// Whether `number` is suppressed.
    pub(crate) fn is_suppressed(&self, number: &E164) -> bool {
        self.suppressed.contains(number.as_str())
    }

    #[cfg(test)]
    pub(crate) fn of<const H: usize, const S: usize>(
        holders: [(&str, &str); H],
        suppressed: [&str; S],
    ) -> Self {
        let held = holders.map(|(number, user)| (number.to_owned(), UserId::parse(user).unwrap()));
        let suppressed = suppressed.map(str::to_owned).into();
        Self { holders: held.into(), suppressed, without_consent: HashSet::new() }
    }
}

/// Which of these users, each with a number, lack a consent to the welcome.
pub(crate) async fn lacking_consent(
    pool: &PgPool,
    users: &[(&str, &str)],
) -> Result<HashSet<String>, sqlx::Error> {
    let (users, phones): (Vec<&str>, Vec<&str>) = users.iter().copied().unzip();
    let mut connection = pool.acquire().await?;
    Ok(welcome::without_consent(&mut connection, &users, &phones).await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use shared::domain::UserState;

    use super::*;

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

    fn action(user: &Candidate, taken: &TakenNumbers) -> Action {
        decide(user, Ok(NUMBER.parse().unwrap()), taken, 1)
    }

    fn held_by(id: &str) -> TakenNumbers {
        TakenNumbers::of([(NUMBER, id)], [])
    }

    const WELCOME: Action = Action::Enqueue(Expect::Welcome { segments: 1 });

    #[test]
    fn a_stored_user_is_always_enqueued() {
        let stored = user(UserState::Stored);
        assert_eq!(action(&stored, &TakenNumbers::default()), WELCOME);
        assert_eq!(action(&stored, &held_by("8")), Action::Enqueue(Expect::SharedPhone));
        assert_eq!(action(&stored, &held_by("7")), Action::Enqueue(Expect::AlreadyWelcomed));
        assert_eq!(action(&stored, &TakenNumbers::of([], [NUMBER])), Action::Enqueue(Expect::Suppressed));
        let empty = decide(&stored, Err(Rejection::Empty), &TakenNumbers::default(), 1);
        assert_eq!(empty, Action::Enqueue(Expect::Rejected(Rejection::Empty)));
    }

    #[test]
    fn a_user_without_a_consent_is_enqueued_to_wait_unless_nothing_would_be_sent() {
        let lacking = |taken| TakenNumbers { without_consent: HashSet::from(["7".to_owned()]), ..taken };
        let stored = user(UserState::Stored);
        let waits = action(&stored, &lacking(TakenNumbers::default()));
        assert_eq!(waits, Action::Enqueue(Expect::NoConsent));
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
        let rejected =
            decide(&user(UserState::Rejected), Err(Rejection::Landline), &TakenNumbers::default(), 1);
        assert_eq!(rejected, Action::Skip(SkipReason::Rejected(Rejection::Landline)));
    }

    #[test]
    fn a_user_enqueued_by_this_run_before_is_only_counted() {
        let before = Candidate { enqueued: true, ..user(UserState::Received) };
        let counted = Action::Enqueued(Expect::Welcome { segments: 1 });
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
}
