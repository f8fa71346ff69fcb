//! Erasure, as far as consents are concerned: once the keys are deleted, entries of the ledger are anonymous.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Door, EntryKey, NewEntry, Source, gate, grants, ledger, losses,
    numbers::Found,
    person_keys,
    silence::{self, Mark},
    tips,
};
use crate::domain::{Consent, ConsentAction, ConsentChannel, Purpose};

/// A number of an erased user.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a> {
    /// In E.164.
    pub phone: &'a str,
    /// Other users have it: it stays stored for them.
    pub shared: bool,
    /// It was stopped before the erasure was asked for.
    pub stopped: bool,
    /// The channel on which tips alone were stopped.
    pub tips: Option<ConsentChannel>,
}

const DOOR: Door<'static> =
    Door { source: Source::Staff, actor: "worker", reason: "stopped before the erasure", action: None };

/// The key under which the audit log keeps a user.
pub async fn key_of_user(tx: &mut PgConnection, user_id: &str) -> Result<Uuid, sqlx::Error> {
    match newest_key(tx, user_id).await? {
        Some(key) => Ok(key),
        None => person_keys::key_of(tx, Some(user_id), None).await,
    }
}

/// The key under which the audit log keeps a user during their erasure: it leads nowhere once [`user`] has run. A new key is
/// not stored, since it could outlast the erasure.
pub async fn last_key_of_user(tx: &mut PgConnection, user_id: &str) -> Result<Uuid, sqlx::Error> {
    Ok(newest_key(tx, user_id).await?.unwrap_or_else(Uuid::now_v7))
}

async fn newest_key(tx: &mut PgConnection, user_id: &str) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT person_key FROM person_keys WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1",
        user_id,
    )
    .fetch_optional(tx)
    .await
}

/// The numbers that the user had.
pub async fn numbers_of_user(tx: &mut PgConnection, user_id: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT phone_e164 AS "phone!" FROM person_keys WHERE user_id = $1 AND phone_e164 IS NOT NULL"#,
        user_id,
    )
    .fetch_all(tx)
    .await
}

/// The channel on which tips alone are stopped for a number.
pub async fn tips_stopped(tx: &mut PgConnection, phone: &str) -> Result<Option<ConsentChannel>, sqlx::Error> {
    tips::stopped_alone(tx, phone).await
}

/// Makes the doors of these numbers wait until the transaction ends: they lock numbers before the tables, and so does the
/// erasure.
pub async fn hold_numbers(tx: &mut PgConnection, phones: &[String]) -> Result<(), sqlx::Error> {
    for phone in phones {
        silence::hold(tx, phone).await?;
    }
    Ok(())
}

/// What a user said after the erasure was asked for, such as with a new signup: it is not erased.
pub struct Later(Vec<LaterEntry>);

struct LaterEntry {
    phone_e164: Option<String>,
    purpose: String,
    channel: String,
    action: String,
    source: String,
    actor: String,
    wording_id: Option<String>,
    wording_sha256: Option<Vec<u8>>,
    said_at: DateTime<Utc>,
}

/// Reads what the user said since, before [`user`] deletes the keys. `as_of` is the time of the wish, and until `since` the
/// erasure itself stopped messages.
pub async fn later(
    tx: &mut PgConnection,
    user_id: &str,
    (as_of, since): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Later, sqlx::Error> {
    let entries = sqlx::query_as!(
        LaterEntry,
        "SELECT k.phone_e164, l.purpose, l.channel, l.action, l.source, l.actor, l.wording_id, l.wording_sha256, l.said_at
         FROM person_keys k JOIN consent_ledger l USING (person_key)
         WHERE k.user_id = $1 AND l.said_at > $2 AND l.recorded_at > $3",
        user_id,
        as_of,
        since,
    );
    Ok(Later(entries.fetch_all(tx).await?))
}

/// Enters it again under new keys, which do not lead to the erased entries or to a former number.
pub async fn enter_again(tx: &mut PgConnection, user_id: &str, later: &Later) -> Result<(), sqlx::Error> {
    let number = sqlx::query_scalar!("SELECT phone_e164 FROM users WHERE user_id = $1", user_id);
    let number = number.fetch_optional(&mut *tx).await?.flatten();
    for said in &later.0 {
        let phone = number.as_deref().filter(|_| said.phone_e164 == number);
        let key = person_keys::key_of(tx, Some(user_id), phone).await?;
        sqlx::query!(
            "INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, wording_id,
                                         wording_sha256, said_at)
             VALUES (sha256(convert_to(gen_random_uuid()::text, 'UTF8')), $1, $2, $3, $4, $5, $6, $7, $8, $9)",
            key,
            said.purpose,
            said.channel,
            said.action,
            said.source,
            said.actor,
            said.wording_id,
            said.wording_sha256,
            said.said_at,
        )
        .execute(&mut *tx)
        .await?;
    }
    if let Some(phone) = number.filter(|_| !later.0.is_empty()) {
        silence::derive(tx, &phone, Mark::None, &DOOR).await?;
        grants::derive(tx, &phone).await?;
    }
    silence::silence_stopped(tx, user_id, &DOOR).await
}

/// Deletes what names the user up to a time; a loss that was reported later silences the user still. Other people silenced by
/// the user's loss stay silenced, each by a loss of their own.
pub async fn user(tx: &mut PgConnection, user_id: &str, since: DateTime<Utc>) -> Result<(), sqlx::Error> {
    losses::forget(tx, user_id, Some(since)).await?;
    sqlx::query!(
        "WITH keys AS (DELETE FROM person_keys WHERE user_id = $1),
              tasks AS (DELETE FROM staff_tasks WHERE user_id = $1 AND opened_at <= $2)
         DELETE FROM silenced_users WHERE user_id = $1 AND silenced_at <= $2",
        user_id,
        since,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes what names a number of the user, after [`user`]. A number of other users stays, and stays stopped if it was.
pub async fn number(tx: &mut PgConnection, left: Left<'_>) -> Result<(), sqlx::Error> {
    silence::hold(tx, left.phone).await?;
    if !left.shared {
        losses::forget(tx, left.phone, None).await?;
        return sqlx::query!(
            "WITH keys AS (DELETE FROM person_keys WHERE phone_e164 = $1),
                  tasks AS (DELETE FROM staff_tasks WHERE phone_e164 = $1),
                  tips AS (DELETE FROM tip_suppressions WHERE phone_e164 = $1),
                  grants AS (DELETE FROM channel_grants WHERE phone_e164 = $1),
                  faults AS (DELETE FROM channel_faults WHERE phone_e164 = $1),
                  -- Live rows and others have an index each.
                  links AS (DELETE FROM stop_links WHERE phone_e164 = $1 AND revoked_at IS NULL),
                  old_links AS (DELETE FROM stop_links WHERE phone_e164 = $1 AND revoked_at IS NOT NULL),
                  stops AS (DELETE FROM suppressions WHERE phone_e164 = $1 AND lifted_at IS NULL)
             DELETE FROM suppressions WHERE phone_e164 = $1 AND lifted_at IS NOT NULL",
            left.phone,
        )
        .execute(tx)
        .await
        .map(drop);
    }
    if left.stopped {
        let key = person_keys::key_of(tx, None, Some(left.phone)).await?;
        let entries = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
        ledger::add(tx, key, DOOR.source, DOOR.actor, &entries).await?;
    }
    if let Some(channel) = left.tips {
        let key = person_keys::key_of(tx, None, Some(left.phone)).await?;
        let consent = Consent::new(Purpose::Tips, channel, ConsentAction::Withdraw);
        let entry = NewEntry { key: EntryKey::random(), consent };
        ledger::add(tx, key, DOOR.source, DOOR.actor, &[entry]).await?;
    }
    if silence::derive(tx, left.phone, Mark::None, &DOOR).await?.lifted {
        let others = Found { user_id: None, phone_e164: Some(left.phone.to_owned()) };
        silence::resume_welcome(tx, &others).await?;
    }
    grants::derive(tx, left.phone).await.map(drop)
}

/// Waits for the claims that are being written, and has later ones wait for the end of the transaction. Without this, a claim that
/// began before would not see the digests. False: a claim takes too long, try again later.
pub async fn wait_for_claims(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    gate::wait_for_claims(tx).await
}
