//! What a row of imported data says about messages: it takes effect through the doors, in the transaction that stores the
//! row.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    door::{Door, Effect, Person},
    gate::{self, Claims},
    ledger::{self, EntryKey, NewEntry, Source},
    losses,
    numbers::{self, Found},
    passage::{Kind, LOST, change_in, loss_in, restore_stop_in, silence_all},
    person_keys,
    silence::{self, Hold},
};
use crate::{
    domain::{Consent, ConsentAction, ConsentChannel, Purpose, UserId},
    erasure::Digest,
    phone::E164,
};

/// The default reason of a loss.
const LOSS: &str = "a loss in imported data";

/// What a row says about messages to a person. Without a user and a number nothing can follow from it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// None in a row without an id.
    pub user: Option<&'a UserId>,
    /// The number of the row. None if it cannot be read.
    pub phone: Option<&'a E164>,
    /// Of the number. None: no erasure keeps it.
    pub digest: Option<&'a Digest>,
    /// The user opted out.
    pub stop: bool,
    /// The user had a loss.
    pub loss: bool,
    /// The number is not the user's.
    pub wrong_number: bool,
    /// What the user agreed to. The same pair is there once.
    pub grants: &'a [(Purpose, ConsentChannel)],
}

/// The data that a row is part of.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// Who imports it.
    pub actor: &'a str,
    /// The justification. Empty: a text about the data.
    pub reason: &'a str,
    /// The time of the data: later words of a person outweigh its consents.
    pub taken_at: DateTime<Utc>,
}

/// What a row changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// `Done` if a number or a user gets no message from now on, who did so far.
    pub stop: Effect,
    /// `Done` if the loss was not known.
    pub loss: Effect,
    /// `Done` if the number was not known as wrong.
    pub wrong_number: Effect,
    /// The users that the loss of this row silences, this one included, and their numbers.
    pub lost: Vec<(String, Option<E164>)>,
    /// What became of the consents, in their order.
    pub grants: Vec<Grant>,
}

/// What became of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// It holds from now on.
    Granted,
    /// The ledger has it, or says the same.
    Known,
    /// It is in the ledger, and a withdrawal that is as new or newer outweighs it.
    Outweighed,
    /// It is not in the ledger: a stop or a loss holds, and no import lifts that.
    Held,
}

/// Makes other changes of these numbers wait until the transaction ends, and with `claims` also claims. Before the first row,
/// and before rows of users are locked: claims lock those as well.
pub async fn begin(tx: &mut PgConnection, mut phones: Vec<&str>, claims: bool) -> Result<(), sqlx::Error> {
    phones.sort_unstable();
    phones.dedup();
    for phone in phones {
        silence::hold(tx, phone).await?;
    }
    if claims { gate::hold_claims(tx).await } else { Ok(()) }
}

/// Carries out what a row says, after its user was stored. A transaction with a stop, a loss or a wrong number has called [`begin`]
/// with `claims`, unless it is rolled back.
pub async fn carry_out(
    tx: &mut PgConnection,
    row: &Row<'_>,
    import: &Import<'_>,
) -> Result<Effects, sqlx::Error> {
    let mut effects = Effects::default();
    if row.wrong_number {
        effects.wrong_number = wrong_number(tx, row, import).await?;
    }
    if row.loss {
        effects.loss = loss(tx, row, import).await?;
        if let Some(user) = row.user {
            effects.lost = lost(tx, user).await?;
        }
    }
    if row.stop {
        effects.stop = stop(tx, row, import).await?;
    }
    effects.grants = grants(tx, row, import).await?;
    Ok(effects)
}

async fn lost(tx: &mut PgConnection, user: &UserId) -> Result<Vec<(String, Option<E164>)>, sqlx::Error> {
    let mut lost = Vec::new();
    for user_id in losses::users_marked_by(tx, user.as_str()).await? {
        let Ok(user) = UserId::parse(&user_id) else { continue };
        let phone = numbers::find(tx, Person::User(&user)).await?.phone_e164;
        lost.push((user_id, phone.and_then(|phone| E164::parse(&phone).ok())));
    }
    Ok(lost)
}

/// Silences `member`, of the household of `user` by the same data, after the loss of `user`. Nothing happens once the loss
/// was taken back.
pub async fn extend_loss(
    tx: &mut PgConnection,
    (user, member): (&UserId, &UserId),
    import: &Import<'_>,
) -> Result<(), sqlx::Error> {
    let found = numbers::find(tx, Person::User(user)).await?;
    if silence::hold_of(tx, &found).await? != Hold::Loss {
        return Ok(());
    }
    let member = [numbers::find(tx, Person::User(member)).await?];
    silence_all(tx, (&found, &member), &[], Claims::Held, &import.door(LOSS, None)).await.map(drop)
}

impl Import<'_> {
    fn door<'a>(&'a self, default: &'a str, action: Option<&'a str>) -> Door<'a> {
        let reason = if self.reason.is_empty() { default } else { self.reason };
        Door { source: Source::Import, actor: self.actor, reason, action }
    }
}

/// The user at the number of the row, or at the stored one if the row has none.
async fn person(tx: &mut PgConnection, row: &Row<'_>) -> Result<Option<Found>, sqlx::Error> {
    let person = match (row.user, row.phone) {
        (Some(user), Some(phone)) => Person::Signup(user, Some(phone)),
        (Some(user), None) => Person::User(user),
        (None, Some(phone)) => Person::Number(phone),
        (None, None) => return Ok(None),
    };
    numbers::find(tx, person).await.map(Some)
}

/// The withdrawals of a door that were not entered before. None: this door was gone through with these data.
async fn withdrawals(
    tx: &mut PgConnection,
    found: &Found,
    (door, purposes): (&str, &[Purpose]),
    import: &Import<'_>,
) -> Result<Option<Vec<NewEntry>>, sqlx::Error> {
    let key = person_keys::key_of(tx, found.user_id.as_deref(), found.phone_e164.as_deref()).await?;
    let mut entries = NewEntry::of_all(purposes, ConsentAction::Withdraw);
    for entry in &mut entries {
        let said = (entry.consent.purpose, entry.consent.channel);
        entry.key = EntryKey::of_import(key, door, said, import.taken_at);
    }
    Ok(Some(ledger::unknown(tx, entries).await?).filter(|entries| !entries.is_empty()))
}

async fn stop(tx: &mut PgConnection, row: &Row<'_>, import: &Import<'_>) -> Result<Effect, sqlx::Error> {
    let mut people: Vec<Found> = person(tx, row).await?.into_iter().collect();
    if let Some(user) = row.user {
        // Newer data may have given the user another number: it is the user who opted out.
        let stored = numbers::find(tx, Person::User(user)).await?;
        if stored.phone_e164.is_some() && !people.contains(&stored) {
            people.push(stored);
        }
    }
    let door = import.door("opted out in imported data", None);
    let mut effect = Effect::Already;
    for found in &people {
        let Some(entries) = withdrawals(tx, found, ("stop", &Purpose::ALL), import).await? else { continue };
        let done = change_in(tx, found, (&entries, Kind::Plain), Claims::Held, &door).await?;
        if done.effect == Effect::Done {
            effect = Effect::Done;
        }
    }
    Ok(effect)
}

async fn loss(tx: &mut PgConnection, row: &Row<'_>, import: &Import<'_>) -> Result<Effect, sqlx::Error> {
    let stored = match row.user {
        Some(user) => Some(numbers::find(tx, Person::User(user)).await?),
        None => None,
    };
    let found = match stored {
        Some(stored) if stored.phone_e164.is_some() => stored,
        _ => match person(tx, row).await? {
            Some(found) => found,
            None => return Ok(Effect::Already),
        },
    };
    let Some(entries) = withdrawals(tx, &found, ("loss", &LOST), import).await? else {
        return Ok(Effect::Already);
    };
    let door = import.door(LOSS, Some("loss report"));
    Ok(loss_in(tx, &found, &entries, Claims::Held, &door).await?.effect)
}

async fn wrong_number(
    tx: &mut PgConnection,
    row: &Row<'_>,
    import: &Import<'_>,
) -> Result<Effect, sqlx::Error> {
    let Some(found) = person(tx, row).await?.filter(|found| found.phone_e164.is_some()) else {
        return Ok(Effect::Already);
    };
    let Some(entries) = withdrawals(tx, &found, ("wrong_number", &Purpose::ALL), import).await? else {
        return Ok(Effect::Already);
    };
    let door = import.door("a wrong number in imported data", Some("suppress add"));
    Ok(change_in(tx, &found, (&entries, Kind::WrongNumber), Claims::Held, &door).await?.effect)
}

async fn grants(
    tx: &mut PgConnection,
    row: &Row<'_>,
    import: &Import<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let (Some(user), false) = (row.user, row.grants.is_empty()) else { return Ok(Vec::new()) };
    let found = numbers::find(tx, Person::Signup(user, row.phone)).await?;
    let phone = found.phone_e164.as_deref();
    if let Some(e164) = row.phone {
        silence::adopt(tx, e164.as_str()).await?;
        if let Some(digest) = row.digest {
            // Before the grants are: they must not be newer than a stop that only comes back with them.
            restore_stop_in(tx, e164, digest, Claims::Held).await?;
        }
    }
    let key = person_keys::key_of(tx, Some(user.as_str()), phone).await?;
    let entry = |(purpose, channel): &(Purpose, ConsentChannel)| NewEntry {
        key: EntryKey::of_import(key, "consent", (*purpose, *channel), import.taken_at),
        consent: Consent {
            at: Some(import.taken_at),
            ..Consent::new(*purpose, *channel, ConsentAction::Grant)
        },
    };
    let entries: Vec<NewEntry> = row.grants.iter().map(entry).collect();
    let before = ledger::true_now(tx, Some(user.as_str()), phone).await?;
    let unknown = ledger::unknown(tx, entries.clone()).await?;
    let refused = silence::refused(tx, &found).await?;
    let first = |entry: &NewEntry| {
        if before.includes(&entry.consent) || !unknown.iter().any(|other| other.key == entry.key) {
            Some(Grant::Known)
        } else {
            refused.outrules(&entry.consent).then_some(Grant::Held)
        }
    };
    let settled: Vec<Option<Grant>> = entries.iter().map(first).collect();
    let new: Vec<NewEntry> =
        entries.iter().zip(&settled).filter(|(_, grant)| grant.is_none()).map(|(e, _)| e.clone()).collect();
    if new.is_empty() {
        return Ok(settled.into_iter().flatten().collect());
    }
    let door = import.door("said in imported data", None);
    change_in(tx, &found, (&new, Kind::Entries), Claims::Held, &door).await?;
    let after = ledger::true_now(tx, Some(user.as_str()), phone).await?;
    let second = |entry: &NewEntry| {
        if after.includes(&entry.consent) { Grant::Granted } else { Grant::Outweighed }
    };
    Ok(entries.iter().zip(settled).map(|(entry, grant)| grant.unwrap_or_else(|| second(entry))).collect())
}
