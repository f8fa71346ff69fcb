//! The acts that send nothing, and what every act does: it locks the conversation, looks at its turn and is audited.

use shared::{
    audit::{self, NewEntry},
    domain::UserId,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::error::CareError;
use crate::store::{
    conversations::{self, Locked},
    writers,
};

/// PostgreSQL documentation, appendix A.
const UNIQUE_VIOLATION: &str = "23505";

/// Who does it, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staff<'a> {
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
}

/// Takes a conversation, as of this turn.
pub(crate) async fn take(pool: &PgPool, id: Uuid, turn: i32, staff: &Staff<'_>) -> Result<(), CareError> {
    let mut tx = pool.begin().await?;
    unchanged(&lock(&mut tx, id).await?, turn)?;
    conversations::take(&mut tx, id, staff.actor).await?;
    note(&mut tx, id, "inbox take", staff).await?;
    Ok(tx.commit().await?)
}

/// Links a conversation to a user. A person whose number is not known has that of the user from now on.
pub(crate) async fn link(pool: &PgPool, id: Uuid, user: &UserId, staff: &Staff<'_>) -> Result<(), CareError> {
    let mut tx = pool.begin().await?;
    let open = lock(&mut tx, id).await?;
    let number = writers::number_of(&mut tx, user.as_str()).await?.ok_or(CareError::NoUser)?;
    // A person who has a number keeps it: the user may write from another phone than the stored one.
    let number = number.filter(|_| open.phone_e164.is_none());
    match conversations::link(&mut tx, id, user.as_str(), number.as_deref()).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNIQUE_VIOLATION) => {
            return Err(CareError::TwoOpen);
        }
        linked => linked?,
    }
    note(&mut tx, id, "inbox link", staff).await?;
    Ok(tx.commit().await?)
}

/// Closes a conversation. Messages that waited for its end go out.
pub(crate) async fn close(pool: &PgPool, id: Uuid, staff: &Staff<'_>) -> Result<(), CareError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx, id).await?;
    conversations::close(&mut tx, id, staff.actor).await?;
    note(&mut tx, id, "inbox close", staff).await?;
    Ok(tx.commit().await?)
}

/// Locks an open conversation.
pub(super) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Locked, CareError> {
    let found = conversations::lock(tx, id).await?.ok_or(CareError::Missing)?;
    if found.closed { Err(CareError::Closed) } else { Ok(found) }
}

/// Two people must not answer without seeing each other: each names the turn that they saw.
pub(super) fn unchanged(open: &Locked, turn: i32) -> Result<(), CareError> {
    if open.turn == turn { Ok(()) } else { Err(CareError::Changed) }
}

pub(super) async fn note(
    tx: &mut PgConnection,
    id: Uuid,
    action: &str,
    staff: &Staff<'_>,
) -> Result<(), sqlx::Error> {
    let subject = format!("conversation {id}");
    let entry = NewEntry { actor: staff.actor, action, subject: &subject, reason: staff.reason };
    audit::note(tx, &entry).await
}
