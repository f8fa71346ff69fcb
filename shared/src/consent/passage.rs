//! What the doors do, as parts of a transaction.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    door::{Door, Effect},
    gate::Claims,
    grants,
    ledger::{self, EntryKey, NewEntry, Source},
    losses, meters,
    numbers::{self, Found},
    person_keys, raced,
    silence::{self, Because, Changed, Hold, Mark, Reach},
    staff_tasks::{self, TaskKind},
    stops, tips, welcome,
};
use crate::{
    audit,
    domain::{Consent, ConsentAction, Purpose},
    phone::E164,
};

/// What an entry says.
pub(super) type Said = (Purpose, ConsentAction);

/// What a loss withdraws.
pub(super) const LOST: [Purpose; 2] = [Purpose::Onboarding, Purpose::Tips];

/// How a door treats its entries, and what else it does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Entries of an event, each with its identity.
    Entries,
    /// Entries that say nothing new are left out.
    Plain,
    WrongNumber,
    Lift,
    /// By the stop page, of what it did.
    Undo,
}

/// What a door did in a transaction that is not committed yet.
#[derive(Default)]
pub(super) struct Done {
    pub(super) effect: Effect,
    added: Vec<Said>,
    changed: Changed,
    loss: bool,
}

impl Done {
    fn nothing(effect: Effect) -> Self {
        Self { effect, ..Self::default() }
    }

    /// Counts it, after the commit.
    pub(super) fn count(self, door: &Door<'_>) -> Effect {
        count(&self.added, self.changed, door);
        if self.loss && self.effect == Effect::Done {
            meters::loss(door.source);
        }
        self.effect
    }
}

/// Goes through a door.
pub(super) async fn change_in(
    tx: &mut PgConnection,
    found: &Found,
    (entries, kind): (&[NewEntry], Kind),
    claims: Claims,
    door: &Door<'_>,
) -> Result<Done, sqlx::Error> {
    hold_all(tx, std::slice::from_ref(found)).await?;
    let (user, phone) = (found.user_id.as_deref(), found.phone_e164.as_deref());
    if let Some(phone) = phone {
        silence::adopt(tx, phone).await?;
    }
    let entries = ledger::with_whole_stops(entries);
    let entries = entries.as_slice();
    let wrong = kind == Kind::WrongNumber;
    let nothing_new = match kind {
        Kind::Entries => false,
        Kind::Plain => {
            stops::agrees(tx, user, phone, entries, door.source).await?
                // A stop during a loss is entered: it is to hold when the loss is taken back. Data that are imported
                // again and again say it again.
                && (door.source == Source::Import
                    || silence::hold_of(tx, &found.as_said()).await? != Hold::Loss
                    || stops::since_loss(tx, user, phone).await?)
        }
        Kind::WrongNumber => {
            silence::is_wrong_number(tx, phone).await?
                && stops::agrees(tx, user, phone, entries, door.source).await?
        }
        Kind::Lift => match silence::hold_of(tx, found).await? {
            Hold::Loss => return Ok(Done::nothing(Effect::Held)),
            Hold::Stop => false,
            Hold::Nothing => return lift_tips(tx, found, door).await,
        },
        Kind::Undo => match phone {
            Some(phone) => !stops::may_undo(tx, phone).await?,
            None => true,
        },
    };
    if nothing_new {
        return Ok(Done::nothing(Effect::Already));
    }
    let mut entries = entries.to_vec();
    if let (Kind::Lift | Kind::Undo, Some(phone)) = (kind, phone) {
        entries.extend(ledger::granted_before(tx, phone).await?);
    }
    if let (Kind::Undo, Some(phone)) = (kind, phone) {
        staff_tasks::close_of_link(tx, TaskKind::WrongNumber, phone, door.actor).await?;
    }
    let mark = if wrong { Mark::WrongNumber } else { Mark::None };
    let (added, changed) = enter(tx, found, &entries, mark, door).await?;
    if wrong && phone.is_some() {
        staff_tasks::open(tx, TaskKind::WrongNumber, found, door).await?;
    }
    if !added.is_empty() {
        note(tx, found, door).await?;
    }
    if changed.silenced {
        take_effect(tx, std::slice::from_ref(found), Reach::Number, claims).await?;
    } else if changed.narrowed {
        silence::put_into_force(tx, std::slice::from_ref(found), claims).await?;
    }
    if changed.lifted {
        silence::resume_welcome(tx, found).await?;
    }
    if changed.right_number
        && let Some(phone) = phone
    {
        welcome::resume_rejected(tx, phone).await?;
    }
    if !added.is_empty() && entries.iter().any(NewEntry::allows_welcome) {
        welcome::resume(tx, found).await?;
    }
    if wrong && let Some(phone) = phone {
        silence::reject_number(tx, phone, user).await?;
    }
    Ok(Done { effect: Effect::of(!added.is_empty()), added, changed, loss: false })
}

/// Grants tips again to a number where nothing else is stopped.
async fn lift_tips(tx: &mut PgConnection, found: &Found, door: &Door<'_>) -> Result<Done, sqlx::Error> {
    let stopped = match &found.phone_e164 {
        Some(phone) => tips::stopped_alone(tx, phone).await?,
        None => None,
    };
    let Some(channel) = stopped else { return Ok(Done::nothing(Effect::Already)) };
    let consent = Consent::new(Purpose::Tips, channel, ConsentAction::Grant);
    let entry = NewEntry { key: EntryKey::random(), consent };
    let (added, changed) = enter(tx, found, &[entry], Mark::None, door).await?;
    note(tx, found, door).await?;
    Ok(Done { effect: Effect::TipsAgain, added, changed, loss: false })
}

/// Silences the person and the household after a loss. `entries` are those of the person; the others get their own.
pub(super) async fn loss_in(
    tx: &mut PgConnection,
    found: &Found,
    entries: &[NewEntry],
    claims: Claims,
    door: &Door<'_>,
) -> Result<Done, sqlx::Error> {
    let people = numbers::household(tx, found).await?;
    let known = match losses::name(found) {
        Some(loss) => losses::is_entered(tx, loss).await?,
        None => true,
    };
    let mut done = silence_all(tx, (found, &people), entries, claims, door).await?;
    done.loss = !known;
    if done.effect == Effect::Done {
        note(tx, found, door).await?;
    }
    if !known {
        staff_tasks::open(tx, TaskKind::Loss, found, door).await?;
    }
    Ok(done)
}

/// Silences people because of the loss of one person. `entries` are those of that person.
pub(super) async fn silence_all(
    tx: &mut PgConnection,
    (found, people): (&Found, &[Found]),
    entries: &[NewEntry],
    claims: Claims,
    door: &Door<'_>,
) -> Result<Done, sqlx::Error> {
    let done = mark_all(tx, (found, people), entries, door).await?;
    if done.effect == Effect::Done {
        take_effect(tx, people, Reach::User, claims).await?;
    }
    Ok(done)
}

async fn mark_all(
    tx: &mut PgConnection,
    (found, people): (&Found, &[Found]),
    entries: &[NewEntry],
    door: &Door<'_>,
) -> Result<Done, sqlx::Error> {
    let mut done = Done::nothing(Effect::Already);
    let Some(loss) = losses::name(found) else { return Ok(done) };
    hold_all(tx, people).await?;
    let mut withdrawn = Vec::new();
    for other in people {
        if let Some(phone) = &other.phone_e164 {
            silence::adopt(tx, phone).await?;
        }
        withdrawn.push(lost_since(tx, other).await?);
    }
    for (other, withdrawn) in people.iter().zip(withdrawn) {
        if !losses::mark(tx, loss, other).await? {
            continue;
        }
        if let Some(user) = &other.user_id {
            silence::silence_user(tx, user, Because::Loss { of: loss }, door).await?;
        }
        let mut entries =
            if other == found { entries.to_vec() } else { NewEntry::of_all(&LOST, ConsentAction::Withdraw) };
        for entry in &mut entries {
            let known = withdrawn.iter().find(|(purpose, _)| *purpose == entry.consent.purpose);
            entry.consent.at = known.map(|(_, since)| *since).or(entry.consent.at);
        }
        done.added.extend(enter(tx, other, &entries, Mark::Loss, door).await?.0);
        done.effect = Effect::Done;
    }
    Ok(done)
}

/// What an earlier loss withdrew from a person, and when. A further loss withdraws it as of that time, so that taking back all
/// losses restores the state before the first.
async fn lost_since(
    tx: &mut PgConnection,
    found: &Found,
) -> Result<Vec<(Purpose, DateTime<Utc>)>, sqlx::Error> {
    match silence::hold_of(tx, &found.as_said()).await? {
        Hold::Loss => {
            losses::withdrawn_since(tx, found.user_id.as_deref(), found.phone_e164.as_deref()).await
        }
        Hold::Nothing | Hold::Stop => Ok(Vec::new()),
    }
}

/// Puts the entries of these people into force. Claims wait from here to the commit, so this comes last.
async fn take_effect(
    tx: &mut PgConnection,
    people: &[Found],
    reach: Reach,
    claims: Claims,
) -> Result<(), sqlx::Error> {
    silence::put_into_force(tx, people, claims).await?;
    raced::note(tx, people).await?;
    for found in people {
        silence::end_welcome(tx, found, reach).await?;
    }
    Ok(())
}

/// Enters the stop of a number from before the erasure of its user, whose digest is `digest`.
pub(super) async fn restore_stop_in(
    tx: &mut PgConnection,
    phone: &E164,
    digest: &[u8],
    claims: Claims,
) -> Result<(), sqlx::Error> {
    silence::hold(tx, phone.as_str()).await?;
    let stopped = sqlx::query_scalar!(
        "UPDATE erased_numbers SET suppressed = false WHERE digest = $1 AND suppressed RETURNING erased_at",
        digest,
    );
    let Some(since) = stopped.fetch_optional(&mut *tx).await? else { return Ok(()) };
    let mut entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    for entry in &mut entries {
        entry.consent.at = Some(since);
    }
    let found = Found { user_id: None, phone_e164: Some(phone.as_str().to_owned()) };
    let door =
        Door { source: Source::Staff, actor: "worker", reason: "stopped before the erasure", action: None };
    let (_, changed) = enter(tx, &found, &entries, Mark::None, &door).await?;
    if changed.silenced {
        silence::put_into_force(tx, std::slice::from_ref(&found), claims).await?;
    }
    Ok(())
}

fn count(added: &[Said], changed: Changed, door: &Door<'_>) {
    meters::consents(added, door.source);
    if changed.silenced {
        meters::stop(door.source);
    }
}

/// Locks the numbers of these people, in the order of the numbers.
pub(super) async fn hold_all(tx: &mut PgConnection, people: &[Found]) -> Result<(), sqlx::Error> {
    let mut phones: Vec<&str> = people.iter().filter_map(|found| found.phone_e164.as_deref()).collect();
    phones.sort_unstable();
    phones.dedup();
    for phone in phones {
        silence::hold(tx, phone).await?;
    }
    Ok(())
}

/// Adds entries to the ledger and derives who gets no message. Returns what the new ones say, and what changed.
pub(super) async fn enter(
    tx: &mut PgConnection,
    found: &Found,
    entries: &[NewEntry],
    mark: Mark,
    door: &Door<'_>,
) -> Result<(Vec<Said>, Changed), sqlx::Error> {
    let key = person_keys::key_of(tx, found.user_id.as_deref(), found.phone_e164.as_deref()).await?;
    let added = ledger::add(tx, key, door.source, door.actor, entries).await?;
    let mut changed = Changed::default();
    if let Some(phone) = &found.phone_e164 {
        changed = silence::derive(tx, phone, mark, door).await?;
        changed.narrowed |= grants::derive(tx, phone).await?;
    }
    if let Some(user) = &found.user_id {
        if !silence::has_stopped(tx, user).await? {
            changed.lifted |= silence::unsilence_after_stop(tx, user).await?;
        } else if found.phone_e164.is_none() {
            changed.silenced |= silence::silence_user(tx, user, Because::Stop, door).await?;
        }
    }
    Ok((added, changed))
}

pub(super) async fn note(tx: &mut PgConnection, found: &Found, door: &Door<'_>) -> Result<(), sqlx::Error> {
    let Some(action) = door.action else { return Ok(()) };
    let key = person_keys::key_of(tx, found.user_id.as_deref(), found.phone_e164.as_deref()).await?;
    let subject = format!("person {key}");
    let entry = audit::NewEntry { actor: door.actor, action, subject: &subject, reason: door.reason };
    audit::note(tx, &entry).await
}
