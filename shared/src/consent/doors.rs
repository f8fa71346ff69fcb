//! The doors: each is one transaction that writes the ledger, derives who gets no message, ends welcomes that have not
//! begun, and tells staff. Which way it was reached is the source of its [`Door`].

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

pub use super::door::Effect;
use super::{
    door::{Door, Person},
    gate::{self, Claims},
    ledger::{self, EntryKey, NewEntry},
    losses, meters,
    numbers::{self, Found},
    passage::{Kind, LOST, change_in, enter, hold_all, loss_in, note, restore_stop_in, silence_all},
    silence::{self, Hold, Mark},
    staff_tasks::{self, TaskKind},
    stops,
    welcome::{self, Agreement},
};
use crate::{
    domain::{Channel, Consent, ConsentAction, ConsentChannel, Purpose, UserId},
    phone::E164,
};

/// PostgreSQL documentation, appendix A.
const DEADLOCK: &str = "40P01";

/// Stops every message to a person.
pub async fn stop(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    change(pool, person, &entries, Kind::Plain, door).await
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

/// Lifts a stop or a wrong number. Purposes other than the welcome are granted again only if they were before. Tips are as
/// well if nothing else is stopped.
pub async fn lift(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&[Purpose::Onboarding], ConsentAction::Grant);
    change(pool, person, &entries, Kind::Lift, door).await
}

/// Takes back what the stop page did to a number, as far as [`super::stops::may_undo`] allows it, and closes its task.
pub async fn undo(pool: &PgPool, phone: &E164, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let entries = NewEntry::of_all(&[Purpose::Onboarding], ConsentAction::Grant);
    change(pool, Person::Number(phone), &entries, Kind::Undo, door).await
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

/// Enters the consent to a welcome by `channel` that staff were given for the number of a new user. What the people of the
/// number said before stays in force: a stop, or a withdrawal of this consent, is [`Effect::Held`].
pub async fn grant_welcome(
    pool: &PgPool,
    user: &UserId,
    phone: &E164,
    channel: Channel,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // From here on, no other door of the number changes it.
    silence::hold(&mut tx, phone.as_str()).await?;
    match welcome::agreement(&mut tx, phone.as_str(), channel).await? {
        Agreement::Withdrawn => return Ok(Effect::Held),
        Agreement::Granted => return Ok(Effect::Already),
        Agreement::Missing => {}
    }
    let on = match channel {
        Channel::Sms => ConsentChannel::Sms,
        Channel::Whatsapp => ConsentChannel::Whatsapp,
    };
    let consent = Consent::new(Purpose::Onboarding, on, ConsentAction::Grant);
    let entries = [NewEntry { key: EntryKey::random(), consent }];
    let found = numbers::find(&mut tx, Person::Signup(user, Some(phone))).await?;
    let done = change_in(&mut tx, &found, (&entries, Kind::Plain), Claims::Wait, door).await?;
    gate::commit(tx, pool).await?;
    Ok(done.count(door))
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

/// A user has another number as of `at`, which is not stored yet. A stop of the user that is not older holds it: the event of
/// the stop came first, and the number of that time was another one.
pub async fn follow_number(
    pool: &PgPool,
    user: &UserId,
    phone: &E164,
    at: DateTime<Utc>,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let Some(since) = stops::stopped_by_event_since(&mut tx, user.as_str(), at).await? else {
        return Ok(Effect::Already);
    };
    let found = numbers::find(&mut tx, Person::Signup(user, Some(phone))).await?;
    let mut entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    for entry in &mut entries {
        entry.consent.at = Some(since);
    }
    let done = change_in(&mut tx, &found, (&entries, Kind::Plain), Claims::Wait, door).await?;
    gate::commit(tx, pool).await?;
    Ok(done.count(door))
}

/// A loss was reported: nothing automatic goes to the person, the number and the household any more.
pub async fn loss(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    report_loss(pool, person, NewEntry::of_all(&LOST, ConsentAction::Withdraw), door).await
}

/// A loss that an event reports. The same event again changes nothing, also after the loss was taken back.
pub async fn loss_by_event(
    pool: &PgPool,
    user: &UserId,
    event: &str,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut entries = NewEntry::of_all(&LOST, ConsentAction::Withdraw);
    for (position, entry) in entries.iter_mut().enumerate() {
        entry.key = EntryKey::of_event(event, position);
    }
    report_loss(pool, Person::User(user), entries, door).await
}

async fn report_loss(
    pool: &PgPool,
    person: Person<'_>,
    entries: Vec<NewEntry>,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let entries = ledger::unknown(&mut tx, entries).await?;
    if entries.is_empty() {
        gate::commit(tx, pool).await?;
        return Ok(Effect::Already);
    }
    let found = numbers::find(&mut tx, person).await?;
    let done = loss_in(&mut tx, &found, &entries, Claims::Wait, door).await?;
    gate::commit(tx, pool).await?;
    let effect = done.count(door);
    if let (Person::User(user), None) = (person, &found.phone_e164) {
        // A claim that the loss waited for may have stored the user.
        follow_losses(pool, Some(user)).await?;
    }
    Ok(effect)
}

/// A loss can be reported before the signup of its user is stored. Once it is stored, extends the loss to the number and
/// household: of `user`, or of every such user.
pub async fn follow_losses(pool: &PgPool, user: Option<&UserId>) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let users = losses::not_yet_followed(&mut connection, user.map(UserId::as_str)).await?;
    drop(connection);
    for user in users.iter().filter_map(|user| UserId::parse(user).ok()) {
        let mut tx = pool.begin().await?;
        if losses::not_yet_followed(&mut tx, Some(user.as_str())).await?.is_empty() {
            continue;
        }
        let found = numbers::find(&mut tx, Person::User(&user)).await?;
        let people = numbers::household(&mut tx, &found).await?;
        let reason = "the loss was reported before the user was known";
        let source = losses::source(&mut tx, user.as_str()).await?;
        let door = Door { source, actor: "worker", reason, action: None };
        // As of the loss: what the user said before it is to hold again when it is taken back.
        let said = losses::withdrawn_since(&mut tx, Some(user.as_str()), None).await?;
        let mut entries = NewEntry::of_all(&LOST, ConsentAction::Withdraw);
        for entry in &mut entries {
            entry.consent.at = said.iter().find(|(of, _)| *of == entry.consent.purpose).map(|(_, at)| *at);
        }
        silence_all(&mut tx, (&found, &people), &entries, Claims::Wait, &door).await?;
        gate::commit(tx, pool).await?;
    }
    Ok(())
}

/// A user is of this household, as an event says that is not stored yet: a loss in it silences the user before anything else
/// follows from the event.
pub async fn join_household(
    pool: &PgPool,
    user: &UserId,
    phone: Option<&E164>,
    household: &str,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    for lost in losses::in_household(&mut tx, household).await? {
        let Ok(lost) = UserId::parse(&lost) else { continue };
        let owner = numbers::find(&mut tx, Person::User(&lost)).await?;
        let found = numbers::find(&mut tx, Person::Signup(user, phone)).await?;
        let source = losses::source(&mut tx, lost.as_str()).await?;
        let reason = "a loss was reported in the household before";
        let door = Door { source, actor: "worker", reason, action: None };
        silence_all(&mut tx, (&owner, &[found]), &[], Claims::Wait, &door).await?;
    }
    gate::commit(tx, pool).await
}

/// A reported loss was an error: lifts its holds, and grants again every consent that it withdrew. A stop from before the
/// loss stays, and so does what another loss holds. Of a number: the loss of the number without a user.
pub async fn undo_loss(pool: &PgPool, person: Person<'_>, door: &Door<'_>) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let losses = losses::to_take_back(&mut tx, person).await?;
    let marked = losses::marked_by(&mut tx, &losses).await?;
    if marked.is_empty() {
        return Ok(Effect::Already);
    }
    hold_all(&mut tx, &marked).await?;
    let people = losses::take_back(&mut tx, &losses).await?;
    // All before the first grant, which is newer than what the loss withdrew.
    let mut grants = Vec::with_capacity(people.len());
    for found in &people {
        grants.push(granted_before_loss(&mut tx, found).await?);
    }
    let mut entered = Vec::new();
    for (found, entries) in people.iter().zip(grants) {
        if let Some(entries) = entries {
            entered.extend(enter(&mut tx, found, &entries, Mark::None, door).await?.0);
        }
    }
    for found in &people {
        let found = match found.user_id.as_deref().map(UserId::parse) {
            Some(Ok(user)) => {
                silence::silence_stopped(&mut tx, user.as_str(), door).await?;
                numbers::find(&mut tx, Person::User(&user)).await?
            }
            _ => found.clone(),
        };
        if silence::hold_of(&mut tx, &found).await? == Hold::Nothing {
            silence::resume_welcome(&mut tx, &found).await?;
        }
    }
    staff_tasks::close(&mut tx, TaskKind::Loss, &losses, door.actor).await?;
    let found = numbers::find(&mut tx, person).await?;
    note(&mut tx, &found, door).await?;
    tx.commit().await?;
    meters::consents(&entered, door.source);
    Ok(Effect::Done)
}

/// What a loss withdrew from a person and held before. None: another loss holds the person.
async fn granted_before_loss(
    tx: &mut PgConnection,
    found: &Found,
) -> Result<Option<Vec<NewEntry>>, sqlx::Error> {
    let (user, phone) = (found.user_id.as_deref(), found.phone_e164.as_deref());
    if silence::hold_of(tx, &found.as_said()).await? == Hold::Loss {
        return Ok(None);
    }
    let stopped_before = losses::had_stopped_before(tx, user, phone).await?;
    let welcome: &[Purpose] = if stopped_before { &[] } else { &[Purpose::Onboarding] };
    let mut entries = NewEntry::of_all(welcome, ConsentAction::Grant);
    if let Some(phone) = phone {
        entries.extend(ledger::granted_before(tx, phone).await?);
    }
    Ok(Some(entries))
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
        // No further ahead than the times of other events are believed. Staff mean the stored data, also where the portal's
        // clock is ahead of ours.
        "INSERT INTO pending_erasures AS p (user_id, requested_by, as_of, was_suppressed, phone_e164)
         VALUES ($1, $2, GREATEST(LEAST($3, now() + interval '10 minutes'),
                                  CASE WHEN $6 THEN (SELECT changed_at FROM users WHERE user_id = $1) END), $4, $5)
         ON CONFLICT (user_id) DO UPDATE SET as_of = GREATEST(p.as_of, EXCLUDED.as_of) WHERE p.as_of < EXCLUDED.as_of",
        user.as_str(),
        door.actor,
        as_of,
        stopped_before,
        found.phone_e164,
        door.source == ledger::Source::Staff,
    );
    if added.execute(&mut *tx).await?.rows_affected() == 1 {
        note(&mut tx, &found, door).await?;
    }
    tx.commit().await?;
    // By itself: it is not to wait for the erasure.
    stop(pool, Person::User(user), &Door { action: None, ..*door }).await?;
    // A later stop is the person's own.
    sqlx::query!(
        "UPDATE pending_erasures SET stopped_at = coalesce(stopped_at, clock_timestamp()) WHERE user_id = $1",
        user.as_str(),
    )
    .execute(pool)
    .await
    .map(drop)
}

/// A number that was stopped before its user was erased has a user again: the stop holds, as of the erasure. `digest` is that of
/// the number.
pub async fn restore_stop(pool: &PgPool, phone: &E164, digest: &[u8]) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    restore_stop_in(&mut tx, phone, digest, Claims::Wait).await?;
    gate::commit(tx, pool).await
}

async fn change(
    pool: &PgPool,
    person: Person<'_>,
    entries: &[NewEntry],
    kind: Kind,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    match change_once(pool, person, entries, kind, door).await {
        // The victim of a deadlock goes through once more.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(DEADLOCK) => {
            change_once(pool, person, entries, kind, door).await
        }
        other => other,
    }
}

async fn change_once(
    pool: &PgPool,
    person: Person<'_>,
    entries: &[NewEntry],
    kind: Kind,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let found = numbers::find(&mut tx, person).await?;
    let done = change_in(&mut tx, &found, (entries, kind), Claims::Wait, door).await?;
    gate::commit(tx, pool).await?;
    Ok(done.count(door))
}
