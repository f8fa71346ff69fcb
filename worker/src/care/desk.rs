//! What reading and answering need.

use shared::templates::Language;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    acts::{Staff, note},
    error::CareError,
    lines::{self, Line},
};
use crate::inbox::Keyring;

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
