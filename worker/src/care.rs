//! What staff do with a conversation: read it, take it, answer, link it to a user, close it. Command line and dashboard share it.
//! Every act is in the audit log.

mod answer;
mod lines;

use chrono::{DateTime, Utc};
use shared::{
    audit::{self, NewEntry},
    domain::UserId,
    templates::Language,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    inbox::{Closed, Keyring},
    store::{
        conversations::{self, Locked},
        writers,
    },
};

/// PostgreSQL documentation, appendix A.
const UNIQUE_VIOLATION: &str = "23505";

/// Who does it, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staff<'a> {
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
}

/// What staff say.
#[derive(Clone, Copy)]
pub(crate) enum Say<'a> {
    Text(&'a str),
    /// The template of the slot `handoff`, which also goes to people who wrote longer ago.
    Handoff,
}

/// One message of a conversation.
pub(crate) struct Line {
    pub(crate) at: DateTime<Utc>,
    pub(crate) direction: Direction,
    /// Of Twilio's types of messages; of an outgoing one its slot.
    pub(crate) kind: String,
    /// How an incoming one was understood.
    pub(crate) class: Option<String>,
    pub(crate) media: i16,
    /// Who of the staff said it. None: the person, or the service by itself.
    pub(crate) by: Option<String>,
    /// How far an outgoing one got.
    pub(crate) state: Option<String>,
    /// None: not asked for, empty, or a template.
    pub(crate) text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// Why an act was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CareError {
    #[error("no such conversation: `worker inbox list` shows the open ones")]
    Missing,
    #[error("the conversation is closed: the next message of the person opens another one")]
    Closed,
    #[error("a message or an answer has come since then: read the conversation again")]
    Changed,
    #[error(
        "the person wrote more than 24 hours ago, so no free text may be sent: send the handoff template, or call"
    )]
    WindowClosed,
    #[error("no template of the slot `handoff` may be sent: `worker templates list` shows why")]
    NoTemplate,
    #[error(
        "the number of the person is not known: link the conversation to a user, or wait for a message with the number"
    )]
    NoNumber,
    #[error("another conversation with this person is open: close it first")]
    TwoOpen,
    #[error("no such user")]
    NoUser,
    #[error("{0}")]
    Text(String),
    #[error(transparent)]
    Sealed(#[from] Closed),
    #[error("{}", shared::db::sqlstate(.0))]
    Database(#[from] sqlx::Error),
}

/// Where staff work: the database, the keys of the texts, and what answers may print.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) keys: &'a Keyring,
    pub(crate) help_line: Option<&'a str>,
    /// Of people whose language is not known.
    pub(crate) language: Language,
}

impl Desk<'_> {
    /// Reads a conversation with its texts, which the audit log keeps.
    pub(crate) async fn reveal(&self, id: Uuid, staff: &Staff<'_>) -> Result<Vec<Line>, CareError> {
        let lines = lines::read(self.pool, id, Some(self.keys)).await?;
        let mut connection = self.pool.acquire().await?;
        note(&mut connection, id, "inbox show --reveal", staff).await?;
        Ok(lines)
    }
}

/// Reads a conversation without its texts.
pub(crate) async fn outline(pool: &PgPool, id: Uuid) -> Result<Vec<Line>, CareError> {
    lines::read(pool, id, None).await
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
async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Locked, CareError> {
    let found = conversations::lock(tx, id).await?.ok_or(CareError::Missing)?;
    if found.closed { Err(CareError::Closed) } else { Ok(found) }
}

/// Two people must not answer without seeing each other: whoever acts says what they saw.
fn unchanged(open: &Locked, turn: i32) -> Result<(), CareError> {
    if open.turn == turn { Ok(()) } else { Err(CareError::Changed) }
}

async fn note(tx: &mut PgConnection, id: Uuid, action: &str, staff: &Staff<'_>) -> Result<(), CareError> {
    let subject = format!("conversation {id}");
    let entry = NewEntry { actor: staff.actor, action, subject: &subject, reason: staff.reason };
    Ok(audit::note(tx, &entry).await?)
}

#[cfg(test)]
pub(crate) use answer::LONGEST_ANSWER;
#[cfg(test)]
mod tests;
