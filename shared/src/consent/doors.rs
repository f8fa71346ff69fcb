//! The doors: each is one transaction that writes the ledger, derives who gets no message, ends welcomes that have not
//! begun, and tells staff. Which way it was reached is its [`Source`].

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::{
    ledger::{self, NewEntry, Source},
    meters,
    numbers::{self, Found},
    person_keys,
    silence::{self, Because, Changed, Hold, Mark},
    staff_tasks::{self, TaskKind},
    welcome,
};
use crate::{
    audit,
    domain::{ConsentAction, Purpose, UserId},
    phone::E164,
};

/// The person that a door is about. `Debug` shows no number.
#[derive(Debug, Clone, Copy)]
pub enum Person<'a> {
    /// A user at a number that may not be stored yet.
    Signup(&'a UserId, Option<&'a E164>),
    /// A user, known or not.
    User(&'a UserId),
    /// A number, and the user of it.
    Number(&'a E164),
}

/// How a door was reached.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The way.
    pub source: Source,
    /// Who did it: a login name, or the part of the system.
    pub actor: &'a str,
    /// Why, in the words of the audit log.
    pub reason: &'a str,
    /// The action in the audit log, as the command is typed. None: the ledger alone says it.
    pub action: Option<&'a str>,
}

/// What a door changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It was carried out.
    Done,
    /// It was so already.
    Already,
    /// Nothing was changed: a loss holds the messages, and only [`undo_loss`] lifts that.
    Held,
}

impl Effect {
    fn of(changed: bool) -> Self {
        if changed { Self::Done } else { Self::Already }
    }
}

/// Stops every message to a person.
pub async fn stop(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    change(pool, person, &entries, Kind::Plain, door).await
}

/// Twilio refuses messages to these numbers as opted out. Part of the transaction that stores the refusal.
pub async fn refused_by_twilio(
    tx: &mut PgConnection,
    phones: &[String],
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    for phone in phones {
        let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
        silence::adopt(tx, phone).await?;
        if !ledger::agrees(tx, None, Some(phone), &entries).await? {
            let found = Found { user_id: None, phone_e164: Some(phone.clone()) };
            let (added, changed) = enter(tx, &found, &entries, Mark::None, door).await?;
            // Before the commit of the caller: a rare rollback is counted twice.
            count(&added, changed, door);
        }
    }
    Ok(())
}

/// Stops tips to a person.
pub async fn stop_tips(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&[Purpose::Tips], ConsentAction::Withdraw);
    change(pool, person, &entries, Kind::Plain, door).await
}

/// The number belongs to somebody else: nothing more goes to it, and its user waits for another number.
pub async fn wrong_number(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    change(pool, person, &entries, Kind::WrongNumber, door).await
}

/// Lifts a stop or a wrong number. Purposes other than the welcome are granted again only if they were before.
pub async fn lift(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&[Purpose::Onboarding], ConsentAction::Grant);
    change(pool, person, &entries, Kind::Lift, door).await
}

/// Enters what a person said now, unless it is so already.
pub async fn say(
    pool: &PgPool,
    person: Person<'_>,
    entries: &[NewEntry],
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    change(pool, person, entries, Kind::Plain, door).await
}

/// Enters the consents of an event. Those that were entered before change nothing.
pub async fn consents(
    pool: &PgPool,
    person: Person<'_>,
    entries: &[NewEntry],
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    change(pool, person, entries, Kind::Entries, door).await
}

/// A loss was reported: nothing automatic goes to the person, the number and the household any more.
pub async fn loss(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let found = numbers::find(&mut tx, person).await?;
    let people = numbers::household(&mut tx, &found).await?;
    hold_all(&mut tx, &people).await?;
    let (mut changed, mut entered) = (false, Vec::new());
    for other in &people {
        if let Some(phone) = &other.phone_e164 {
            silence::adopt(&mut tx, phone).await?;
        }
        let entries = NewEntry::of_all(&[Purpose::Onboarding, Purpose::Tips], ConsentAction::Withdraw);
        let newly = match &other.user_id {
            Some(user) => {
                let of = found.user_id.as_deref().unwrap_or(user);
                silence::silence_user(&mut tx, user, Because::Loss { of }, door).await?
            }
            None => silence::hold_of(&mut tx, other).await? != Hold::Loss,
        };
        if newly {
            entered.extend(enter(&mut tx, other, &entries, Mark::Loss, door).await?.0);
            changed = true;
        }
    }
    if changed {
        staff_tasks::open(&mut tx, TaskKind::Loss, &found, door).await?;
        note(&mut tx, &found, door).await?;
        // Claims wait from here to the commit.
        silence::put_into_force(&mut tx, &people).await?;
        for other in &people {
            silence::end_welcome(&mut tx, other).await?;
        }
    }
    tx.commit().await?;
    meters::consents(&entered, door.source);
    if changed {
        meters::loss(door.source);
    }
    Ok(Effect::of(changed))
}

/// A reported loss was an error: lifts its holds, and grants again every consent that it withdrew. A stop from before the
/// loss stays.
pub async fn undo_loss(pool: &PgPool, user: &UserId, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let mut people = Vec::new();
    for user in silence::silenced_by_loss(&mut tx, user.as_str()).await? {
        if let Ok(user) = UserId::parse(&user) {
            people.push(numbers::find(&mut tx, Person::User(&user)).await?);
        }
    }
    hold_all(&mut tx, &people).await?;
    let mut entered = Vec::new();
    for found in &people {
        silence::forget_loss(&mut tx, found).await?;
        let (user, phone) = (found.user_id.as_deref(), found.phone_e164.as_deref());
        let stopped_before = ledger::had_stopped_before(&mut tx, user, phone).await?;
        let welcome: &[Purpose] = if stopped_before { &[] } else { &[Purpose::Onboarding] };
        let mut entries = NewEntry::of_all(welcome, ConsentAction::Grant);
        if let Some(phone) = phone {
            entries.extend(ledger::granted_before(&mut tx, phone).await?);
        }
        entered.extend(enter(&mut tx, found, &entries, Mark::None, door).await?.0);
        if !stopped_before {
            silence::resume_welcome(&mut tx, found).await?;
        }
    }
    if !people.is_empty() {
        staff_tasks::close(&mut tx, TaskKind::Loss, user.as_str(), door.actor).await?;
        let found = numbers::find(&mut tx, Person::User(user)).await?;
        note(&mut tx, &found, door).await?;
    }
    tx.commit().await?;
    meters::consents(&entered, door.source);
    Ok(Effect::of(!people.is_empty()))
}

/// Stops every message to a user, and has the user erased. `as_of` is the time of the wish.
pub async fn request_erasure(
    pool: &PgPool,
    user: &UserId,
    as_of: DateTime<Utc>,
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    // First, since the stop is a reason of its own: whether the number was stopped before stays with its digest.
    let mut tx = pool.begin().await?;
    let found = numbers::find(&mut tx, Person::User(user)).await?;
    let stopped_before = silence::hold_of(&mut tx, &found).await? != Hold::Nothing;
    let added = sqlx::query!(
        "INSERT INTO pending_erasures AS p (user_id, requested_by, as_of, was_suppressed)
         VALUES ($1, $2, LEAST($3, now()), $4)
         ON CONFLICT (user_id) DO UPDATE SET as_of = GREATEST(p.as_of, EXCLUDED.as_of) WHERE p.as_of < EXCLUDED.as_of",
        user.as_str(),
        door.actor,
        as_of,
        stopped_before,
    );
    if added.execute(&mut *tx).await?.rows_affected() == 1 {
        note(&mut tx, &found, door).await?;
    }
    tx.commit().await?;
    // By itself: it is not to wait for the erasure.
    stop(pool, Person::User(user), &Door { action: None, ..*door }).await.map(drop)
}

/// A number that was stopped before its user was erased has a user again: the stop holds, as of the erasure. `digest` is that of
/// the number.
pub async fn restore_stop(pool: &PgPool, phone: &E164, digest: &[u8]) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    silence::hold(&mut tx, phone.as_str()).await?;
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
    let (_, changed) = enter(&mut tx, &found, &entries, Mark::None, &door).await?;
    if changed.silenced {
        silence::put_into_force(&mut tx, std::slice::from_ref(&found)).await?;
    }
    tx.commit().await
}

/// What an entry says.
type Said = (Purpose, ConsentAction);

/// How a door treats its entries, and what else it does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Entries of an event, each with its identity.
    Entries,
    /// Entries that say nothing new are left out.
    Plain,
    WrongNumber,
    Lift,
}

async fn change(
    pool: &PgPool,
    person: Person<'_>,
    entries: &[NewEntry],
    kind: Kind,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let found = numbers::find(&mut tx, person).await?;
    hold_all(&mut tx, std::slice::from_ref(&found)).await?;
    let (user, phone) = (found.user_id.as_deref(), found.phone_e164.as_deref());
    if let Some(phone) = phone {
        silence::adopt(&mut tx, phone).await?;
    }
    let wrong = kind == Kind::WrongNumber;
    let nothing_new = match kind {
        Kind::Entries => false,
        Kind::Plain => ledger::agrees(&mut tx, user, phone, entries).await?,
        Kind::WrongNumber => silence::is_wrong_number(&mut tx, phone).await?,
        Kind::Lift => match silence::hold_of(&mut tx, &found).await? {
            Hold::Loss => return Ok(Effect::Held),
            hold => hold == Hold::Nothing,
        },
    };
    if nothing_new {
        return Ok(Effect::Already);
    }
    let mut entries = entries.to_vec();
    if let (Kind::Lift, Some(phone)) = (kind, phone) {
        entries.extend(ledger::granted_before(&mut tx, phone).await?);
    }
    let mark = if wrong { Mark::WrongNumber } else { Mark::None };
    let (added, changed) = enter(&mut tx, &found, &entries, mark, door).await?;
    if wrong && phone.is_some() {
        staff_tasks::open(&mut tx, TaskKind::WrongNumber, &found, door).await?;
    }
    if !added.is_empty() {
        note(&mut tx, &found, door).await?;
    }
    // Claims wait from here to the commit.
    if changed.silenced {
        silence::put_into_force(&mut tx, std::slice::from_ref(&found)).await?;
        silence::end_welcome(&mut tx, &found).await?;
    }
    if changed.lifted {
        silence::resume_welcome(&mut tx, &found).await?;
    }
    if !added.is_empty() && entries.iter().any(NewEntry::allows_welcome) {
        welcome::resume(&mut tx, &found).await?;
    }
    if wrong && let Some(phone) = phone {
        silence::reject_number(&mut tx, phone, user).await?;
    }
    tx.commit().await?;
    count(&added, changed, door);
    Ok(Effect::of(!added.is_empty()))
}

fn count(added: &[Said], changed: Changed, door: &Door<'_>) {
    meters::consents(added, door.source);
    if changed.silenced {
        meters::stop(door.source);
    }
}

/// Locks the numbers of these people, in the order of the numbers.
async fn hold_all(tx: &mut PgConnection, people: &[Found]) -> Result<(), sqlx::Error> {
    let mut phones: Vec<&str> = people.iter().filter_map(|found| found.phone_e164.as_deref()).collect();
    phones.sort_unstable();
    phones.dedup();
    for phone in phones {
        silence::hold(tx, phone).await?;
    }
    Ok(())
}

/// Adds entries to the ledger and derives who gets no message. Returns what the new ones say, and what changed.
async fn enter(
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

async fn note(tx: &mut PgConnection, found: &Found, door: &Door<'_>) -> Result<(), sqlx::Error> {
    let Some(action) = door.action else { return Ok(()) };
    let key = person_keys::key_of(tx, found.user_id.as_deref(), found.phone_e164.as_deref()).await?;
    let subject = format!("person {key}");
    let entry = audit::NewEntry { actor: door.actor, action, subject: &subject, reason: door.reason };
    audit::note(tx, &entry).await
}
