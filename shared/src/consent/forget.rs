//! Erasure, as far as consents are concerned: once the keys are deleted, entries of the ledger are anonymous.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Door, EntryKey, NewEntry, Source, grants, ledger, losses,
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

/// The key under which the audit log keeps the user from now on: it leads nowhere once [`user`] has run.
pub async fn key_of_user(tx: &mut PgConnection, user_id: &str) -> Result<Uuid, sqlx::Error> {
    let newest = sqlx::query_scalar!(
        "SELECT person_key FROM person_keys WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1",
        user_id,
    );
    match newest.fetch_optional(&mut *tx).await? {
        Some(key) => Ok(key),
        None => person_keys::key_of(tx, Some(user_id), None).await,
    }
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

/// Makes the doors of these numbers wait until the transaction ends: they lock numbers before the tables, and so does whoever
/// erases.
pub async fn hold_numbers(tx: &mut PgConnection, phones: &[String]) -> Result<(), sqlx::Error> {
    for phone in phones {
        silence::hold(tx, phone).await?;
    }
    Ok(())
}

/// Deletes what names the user. Other people silenced by the user's loss stay silenced, each by a
/// loss of their own.
pub async fn user(tx: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    losses::forget(tx, user_id).await?;
    sqlx::query!(
        "WITH keys AS (DELETE FROM person_keys WHERE user_id = $1),
              tasks AS (DELETE FROM staff_tasks WHERE user_id = $1)
         DELETE FROM silenced_users WHERE user_id = $1",
        user_id,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes what names a number of the user, after [`user`]. A number of other users stays, and stays stopped if it was.
pub async fn number(tx: &mut PgConnection, left: Left<'_>) -> Result<(), sqlx::Error> {
    silence::hold(tx, left.phone).await?;
    if !left.shared {
        losses::forget(tx, left.phone).await?;
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
    silence::wait_for_claims(tx).await
}
