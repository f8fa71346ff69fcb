//! The guarantees that the tables meet after each step.

use shared::domain::{AttemptOutcome, UserState};

use super::{
    database::{Attempt, Tables, User},
    steps::Step,
    world::{Found, World},
};

/// Everything, in the order in which it is easiest to understand.
pub(super) fn all(world: &World, now: &Tables, step: Option<Step>) -> Found {
    once_per_number(world)?;
    for attempt in &now.attempts {
        fits(attempt, now).map_err(|what| format!("attempt of {}: {what}", attempt.user_id))?;
        moved(attempt, world, now).map_err(|what| format!("attempt of {}: {what}", attempt.user_id))?;
    }
    for user in &now.users {
        let named = |what: String| format!("user {} ({:?}): {what}", user.id, user.state);
        goes_on(user, world, now).map_err(named)?;
        agrees(user, now).map_err(named)?;
        is_shown(user, now).map_err(named)?;
        is_current(user, world).map_err(named)?;
    }
    for user in &world.evident {
        ensure(now.user(user).is_some(), || {
            format!("the event of {user} was acked, and nothing was stored")
        })?;
    }
    is_noted(world, now, step)
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Found {
    if holds { Ok(()) } else { Err(what()) }
}

/// At most one message per number, beyond those that an operator or the policy allowed.
fn once_per_number(world: &World) -> Found {
    for (phone, calls) in &world.twilio.ledger().calls {
        let most = 1 + world.allowed.get(phone).copied().unwrap_or(0);
        ensure(*calls <= most, || {
            format!("{calls} calls to {phone} may have led to a message, at most {most} may")
        })?;
    }
    let twice = world.by_policy.iter().find(|(_, freed)| **freed > 1);
    twice.map_or(Ok(()), |(phone, _)| Err(format!("{phone} was freed twice by the policy")))
}

/// Outcome, blocks, SID and lease of an attempt agree.
fn fits(a: &Attempt, now: &Tables) -> Found {
    let held_by_another = now.holder(&a.phone_e164).is_some_and(|h| h.message_id != a.message_id);
    ensure(!a.blocks || a.outcome.blocks(), || format!("{:?} and blocks its number", a.outcome))?;
    match a.outcome {
        AttemptOutcome::Sending => ensure(a.blocks && a.leased, || "sending without a lease".into())?,
        AttemptOutcome::Unknown => {
            ensure(!a.blocks || a.to_check || a.parked, || "unknown, and nobody will find out".into())?;
        }
        AttemptOutcome::Accepted => {
            // A number that was freed before the failure stays free.
            let failed = a.twilio_status.as_deref() == Some("failed");
            let free = || "has its message, and its number is free for another".to_owned();
            ensure(a.blocks || held_by_another || failed, free)?;
        }
        _ => {}
    }
    ensure(!a.parked || a.outcome == AttemptOutcome::Unknown, || format!("{:?} and parked", a.outcome))?;
    let same = now.attempts.iter().filter(|o| o.sid.is_some() && o.sid == a.sid).count();
    ensure(same <= 1, || "shares its message with another".into())
}

/// No state goes backwards, and no suppressed number is texted.
fn moved(a: &Attempt, world: &World, now: &Tables) -> Found {
    let before = &world.tables;
    if let Some(was) = before.attempt(a.message_id) {
        ensure(was.status_rank <= a.status_rank, || "its status went back".into())?;
        let accepted = |a: &Attempt| a.outcome == AttemptOutcome::Accepted;
        return ensure(!accepted(was) || accepted(a), || "is accepted no more".into());
    }
    let listed = before.suppressed.contains(&a.phone_e164) && now.suppressed.contains(&a.phone_e164);
    ensure(!listed, || "was claimed although the number is suppressed".into())
}

/// Every user with an event is final, scheduled, leased, or in a queue.
fn goes_on(user: &User, world: &World, now: &Tables) -> Found {
    match user.state {
        UserState::Received => {
            ensure(user.scheduled || world.on_its_way(&user.id), || "neither scheduled nor in a queue".into())
        }
        UserState::Stored => {
            ensure(!world.evident.contains(&user.id), || "an event was acked and led to nothing".into())
        }
        UserState::Registered => {
            let holder = user.phone_e164.as_deref().and_then(|phone| now.holder(phone));
            ensure(holder.is_some(), || "nobody's attempt holds the number".into())
        }
        _ => ensure(!user.scheduled, || "final and scheduled".into()),
    }
}

/// State, reason and attempt of a user agree.
fn agrees(user: &User, now: &Tables) -> Found {
    let attempt = user.attempt_id.and_then(|id| now.attempt(id));
    let reason = user.reason.as_deref();
    ensure(user.attempt_id.is_none() || attempt.is_some(), || "the attempt does not exist".into())?;
    match user.state {
        UserState::Stored => {
            ensure(reason.is_none() && attempt.is_none(), || "has a reason or an attempt".into())
        }
        UserState::Rejected => {
            ensure(reason.is_some() && user.phone_e164.is_none(), || "no reason, or a number".into())
        }
        UserState::Failed => ensure(reason.is_some(), || "no reason".into()),
        UserState::Suppressed => ensure(reason == Some("opted_out"), || format!("the reason is {reason:?}")),
        UserState::Registered => {
            let holder = user.phone_e164.as_deref().and_then(|phone| now.holder(phone));
            let hers = holder.filter(|h| h.user_id == user.id);
            let fits = match attempt {
                Some(a) => hers.is_some_and(|h| h.message_id == a.message_id) && reason.is_none(),
                None => hers.is_none() && reason == Some("shared_phone"),
            };
            ensure(fits, || {
                let attempt = attempt.map(|a| (&a.user_id, a.outcome, a.blocks));
                format!("reason {reason:?}, attempt (whose, outcome, blocks) {attempt:?}")
            })
        }
        UserState::Received => Ok(()),
    }
}

/// The view says of a user what docs/outcome.md has for the tables.
fn is_shown(user: &User, now: &Tables) -> Found {
    let attempt = user.attempt_id.and_then(|id| now.attempt(id));
    let reason = user.reason.clone();
    let (status, reason) = match (user.state, attempt) {
        (UserState::Registered, Some(a)) => match a.outcome {
            AttemptOutcome::Accepted => {
                let bad = matches!(a.twilio_status.as_deref(), Some("failed" | "undelivered"));
                (a.twilio_status.clone(), a.error_code.filter(|_| bad).map(|code| format!("error_{code:05}")))
            }
            outcome => (Some(format!("{outcome:?}").to_lowercase()), a.parked.then(|| "parked".to_owned())),
        },
        (UserState::Registered, None) | (UserState::Suppressed, _) => (Some("skipped".to_owned()), reason),
        _ => (Some("not_sent".to_owned()), reason),
    };
    let shown = (&user.welcome_status, &user.shown_reason);
    ensure(shown == (&status, &reason), || format!("shown as {shown:?}, and is {:?}", (&status, &reason)))?;
    let sid = attempt.and_then(|a| a.sid.clone());
    let same =
        user.shown_state == format!("{:?}", user.state).to_lowercase() && user.shown_phone == user.phone_e164;
    ensure(same && user.welcome_sid == sid, || "shown with another state, number or message".into())
}

/// The newest data that were acked or imported are stored, or newer ones that are on their way.
fn is_current(user: &User, world: &World) -> Found {
    let known = world.data.get(&user.id).and_then(|data| data.get(&user.changed_at));
    ensure(known == Some(&user.phone_raw), || {
        format!("number {} as of {}, which nobody told", user.phone_raw, user.changed_at)
    })?;
    let settled = world.settled.get(&user.id);
    ensure(settled.is_none_or(|at| *at <= user.changed_at), || "newer data were acked and forgotten".into())
}

/// Every change by an operator is in the audit log.
fn is_noted(world: &World, now: &Tables, step: Option<Step>) -> Found {
    let by_a_person = matches!(
        step,
        Some(
            Step::Reopen { .. }
                | Step::Adopt { .. }
                | Step::MarkSent { .. }
                | Step::Settle { .. }
                | Step::ReopenEnded { .. }
                | Step::Suppress { .. }
                | Step::Lift { .. }
                | Step::Replay
        )
    );
    let noted = now.audits > world.tables.audits;
    ensure(!by_a_person || noted || !world.tables.differ(now), || {
        "a person changed something, and the audit log does not say so".into()
    })
}
