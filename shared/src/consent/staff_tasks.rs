//! What a person has to look at.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Door, numbers::Found};

/// Why a person has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// A loss was reported.
    Loss,
    /// The number belongs to somebody else.
    WrongNumber,
    /// Somebody asked for no more messages to a number that they typed.
    StopRequest,
}

impl TaskKind {
    /// The name in the view `needs_person`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::WrongNumber => "wrong_number",
            Self::StopRequest => "stop_request",
        }
    }
}

/// Opens a task, unless the same one is open already.
pub(super) async fn open(
    tx: &mut PgConnection,
    kind: TaskKind,
    found: &Found,
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        Uuid::now_v7(),
        kind.as_str(),
        found.user_id,
        found.phone_e164,
        door.source.as_str(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Closes the open tasks of a kind of one user.
pub(super) async fn close(
    tx: &mut PgConnection,
    kind: TaskKind,
    user_id: &str,
    actor: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE staff_tasks SET closed_at = now(), closed_by = $3
         WHERE kind = $1 AND user_id = $2 AND closed_at IS NULL",
        kind.as_str(),
        user_id,
        actor,
    )
    .execute(tx)
    .await
    .map(drop)
}
