//! What a backfill does about one stored user. The dry run and the real run share it.

use std::collections::{HashMap, HashSet};

use producer::UserId;
use shared::{
    consent::welcome,
    domain::{
        channel_choice::Choice,
        decision::{Conditions, Decision, Holder, SkipReason, StoredState, StoredUser, TypedNumber, Wait},
    },
    phone::{E164, Rejection},
};
use sqlx::PgPool;

use crate::{
    channels::{Message, Way},
    selection::Candidate,
};

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
    Welcome(Message),
    /// The worker records that the user was welcomed before.
    AlreadyWelcomed,
    /// The worker records that another user with the number is welcomed.
    SharedPhone,
    /// The worker records that the number is suppressed.
    Suppressed,
    /// The worker records that the number cannot be texted.
    Rejected(Rejection),
    /// The worker records that the user waits: no channel may or can carry the welcome now.
    Waits(Wait),
}

impl Action {
    /// The expected result of the event, if one is published.
    pub(crate) fn expected(self) -> Option<Expect> {
        match self {
            Self::Enqueue(expect) | Self::Enqueued(expect) => Some(expect),
            Self::Skip(_) => None,
        }
    }

    /// Whether the user is welcomed, or waits for the welcome.
    pub(crate) fn waits_or_welcomes(self) -> bool {
        matches!(self.expected(), Some(Expect::Welcome(_) | Expect::Waits(_)))
    }
}

/// The action for `user`, whose number reads as `number`, and whose welcome goes this `way`.
///
/// Two users of one run with the same new number both get [`Expect::Welcome`] here. The second one is found
/// afterwards.
pub(crate) fn decide(
    user: &Candidate,
    number: Result<E164, Rejection>,
    taken: &TakenNumbers,
    way: Way,
) -> Action {
    let typed =
        TypedNumber { raw: &user.phone_raw, country_hint: user.country_hint.as_deref(), e164: number };
    let stored = stored_state(user, number.as_ref().ok(), taken);
    // The hours of a backfill are those of its lane: no night of a person holds its welcomes back. A conversation with staff
    // ends within the day.
    let conditions = Conditions { choice: way.choice(), quiet: false, talking: false };
    let expect = |decision: Decision| expect(decision.under(conditions), &stored, way);
    if user.enqueued {
        return match expect(Decision::for_number(&typed, &stored)) {
            // The worker may have welcomed the user since this run published the event.
            Ok(Expect::AlreadyWelcomed) => Action::Enqueued(way.expect()),
            Ok(expect) => Action::Enqueued(expect),
            Err(reason) => Action::Skip(reason),
        };
    }
    match expect(Decision::before_enqueue(&typed, &stored)) {
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
    let suppressed = number.is_some_and(|number| taken.is_suppressed(number))
        || taken.silenced.contains(user.user_id.as_str());
    StoredState { user: Some(stored), holder, suppressed }
}

/// The expected result, or the reason to skip the user.
fn expect(decision: Decision, stored: &StoredState<'_>, way: Way) -> Result<Expect, SkipReason> {
    match decision {
        Decision::Skip(reason) => Err(reason),
        Decision::Reject(why) => Ok(Expect::Rejected(why)),
        Decision::Link if stored.holder.is_some_and(|holder| holder.own) => Ok(Expect::AlreadyWelcomed),
        Decision::Link => Ok(Expect::SharedPhone),
        Decision::Send if stored.suppressed => Ok(Expect::Suppressed),
        Decision::Send | Decision::Wait(Wait::Quiet | Wait::Conversation) => Ok(way.expect()),
        Decision::Wait(wait) => Ok(Expect::Waits(wait)),
    }
}

impl Way {
    fn choice(self) -> Choice {
        match self {
            Self::Send(message) => Choice::Send(message.by.channel()),
            Self::Wait(wait) => Choice::Wait(wait),
        }
    }

    /// The expected action, unless something else prevents it.
    fn expect(self) -> Expect {
        match self {
            Self::Send(message) => Expect::Welcome(message),
            Self::Wait(wait) => Expect::Waits(wait),
        }
    }
}

/// The numbers of a page that are held by an attempt, those that are suppressed, and the users who lack a consent or that a
/// stop or a loss silences.
#[derive(Default)]
pub(crate) struct TakenNumbers {
    holders: HashMap<String, UserId>,
    suppressed: HashSet<String>,
    pub(crate) without_consent: HashSet<String>,
    pub(crate) silenced: HashSet<String>,
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
        Self { holders: held.into(), suppressed, ..Self::default() }
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
mod tests;
