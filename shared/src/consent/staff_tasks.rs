//! What a person has to look at. The list shows no user and no number; each look at those is audited.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Door, numbers::Found, person_keys};
use crate::audit;

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

/// Closes the open tasks of a kind of these users, and of numbers without a user.
pub(super) async fn close(
    tx: &mut PgConnection,
    kind: TaskKind,
    people: &[String],
    actor: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE staff_tasks SET closed_at = now(), closed_by = $3
         WHERE kind = $1 AND coalesce(user_id, phone_e164) = ANY($2) AND closed_at IS NULL",
        kind.as_str(),
        people,
        actor,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Closes the open tasks of a kind that the stop page opened about a number.
pub(super) async fn close_of_link(
    tx: &mut PgConnection,
    kind: TaskKind,
    phone: &str,
    actor: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE staff_tasks SET closed_at = now(), closed_by = $3
         WHERE kind = $1 AND phone_e164 = $2 AND opened_by = 'link' AND closed_at IS NULL",
        kind.as_str(),
        phone,
        actor,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// An open task in the list, without its user and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// Its id.
    pub task_id: Uuid,
    /// As in the view `needs_person`.
    pub kind: String,
    /// Since when it waits.
    pub opened_at: DateTime<Utc>,
}

/// After which task a page of the list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When that task was opened.
    pub opened_at: DateTime<Utc>,
    /// Its id.
    pub task_id: Uuid,
}

/// At most `limit` open tasks, the oldest first.
pub async fn page(pool: &PgPool, after: Option<Cursor>, limit: i64) -> Result<Vec<ListedTask>, sqlx::Error> {
    sqlx::query_as!(
        ListedTask,
        r#"SELECT task_id AS "task_id!", kind AS "kind!", opened_at AS "opened_at!" FROM needs_person
           WHERE closed_at IS NULL AND ($1::timestamptz IS NULL OR (opened_at, task_id) > ($1, $2::uuid))
           ORDER BY opened_at, task_id LIMIT $3"#,
        after.map(|a| a.opened_at),
        after.map(|a| a.task_id),
        limit,
    )
    .fetch_all(pool)
    .await
}

/// How many open tasks are about a user, or about the user's number.
pub async fn open_of_user(pool: &PgPool, user_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM staff_tasks
           WHERE closed_at IS NULL
             AND (user_id = $1 OR phone_e164 = (SELECT phone_e164 FROM users WHERE user_id = $1))"#,
        user_id,
    )
    .fetch_one(pool)
    .await
}

/// A task with its user and number. `Debug` shows no number.
#[derive(Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub task_id: Uuid,
    /// As in the view `needs_person`.
    pub kind: String,
    /// The user, if one is known.
    pub user_id: Option<String>,
    /// The number, if one was known.
    pub phone_e164: Option<String>,
    /// The user is stored, and the task is about the user at the present number.
    pub is_of_user: bool,
    /// A message was under way when the task was opened, and has not arrived as far as is known: it may arrive yet.
    pub may_arrive: bool,
    /// Since when it waits.
    pub opened_at: DateTime<Utc>,
    /// By which way it came, as in [`super::Source`].
    pub opened_by: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it.
    pub closed_by: Option<String>,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("task_id", &self.task_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Shows one task to `actor`. The audit log has the look before this returns.
pub async fn look(pool: &PgPool, task_id: Uuid, actor: &str) -> Result<Option<Task>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let mut task = sqlx::query_as!(
        Task,
        r#"SELECT t.task_id, t.kind, t.user_id, t.phone_e164, t.opened_at, t.opened_by, t.closed_at, t.closed_by,
                  u.user_id IS NOT NULL AND coalesce(t.phone_e164 = u.phone_e164, t.phone_e164 IS NULL) AS "is_of_user!",
                  false AS "may_arrive!"
           FROM staff_tasks t LEFT JOIN users u USING (user_id) WHERE t.task_id = $1"#,
        task_id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(task) = &mut task {
        task.may_arrive = may_arrive(&mut tx, task).await?;
        note(&mut tx, task, "task open", actor, "").await?;
    }
    tx.commit().await?;
    Ok(task)
}

/// Shows the open tasks about a user, or about the user's number, to `actor`, the oldest first. The audit log has the look
/// before this returns.
pub async fn look_at_user(pool: &PgPool, user_id: &str, actor: &str) -> Result<Vec<Task>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let mut tasks = sqlx::query_as!(
        Task,
        r#"SELECT t.task_id, t.kind, t.user_id, t.phone_e164, t.opened_at, t.opened_by, t.closed_at, t.closed_by,
                  coalesce(t.phone_e164 = u.phone_e164, t.phone_e164 IS NULL) AS "is_of_user!",
                  false AS "may_arrive!"
           FROM users u JOIN staff_tasks t ON t.user_id = u.user_id OR t.phone_e164 = u.phone_e164
           WHERE u.user_id = $1 AND t.closed_at IS NULL
           ORDER BY t.opened_at, t.task_id"#,
        user_id,
    )
    .fetch_all(&mut *tx)
    .await?;
    for task in &mut tasks {
        task.may_arrive = may_arrive(&mut tx, task).await?;
        note(&mut tx, task, "task open", actor, "").await?;
    }
    tx.commit().await?;
    Ok(tasks)
}

/// Whether a message to the number was claimed before the task was opened, and may arrive after it. Twilio keeps an SMS for
/// up to 10 hours (ValidityPeriod), WhatsApp a message to a phone that is off for 30 days. Nothing takes them back.
async fn may_arrive(tx: &mut PgConnection, task: &Task) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH sent AS (
               SELECT channel, outcome, status_rank, claimed_at FROM attempts WHERE phone_e164 = $1 AND blocks
               UNION ALL
               SELECT a.channel, a.outcome, a.status_rank, a.claimed_at
               FROM message_attempts a WHERE a.phone_e164 = $1 AND a.claimed_at > $2::timestamptz - interval '30 days'
           )
           SELECT EXISTS (SELECT FROM sent
                          -- 4 and above are final: delivered, failed, read.
                          WHERE (outcome IN ('sending', 'unknown') OR outcome = 'accepted' AND status_rank < 4)
                            AND claimed_at <= $2
                            AND claimed_at > $2::timestamptz - CASE WHEN channel = 'whatsapp' THEN interval '30 days'
                                                       ELSE interval '10 hours' END) AS "may!""#,
        task.phone_e164,
        task.opened_at,
    )
    .fetch_one(tx)
    .await
}

/// What became of a wish to close a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It is closed now.
    Done,
    /// It was closed before.
    Already,
    /// There is none with this id.
    NoSuchTask,
}

/// Closes a task that somebody has looked after.
pub async fn settle(pool: &PgPool, task_id: Uuid, actor: &str, reason: &str) -> Result<Closing, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let closed = sqlx::query_as!(
        Task,
        r#"UPDATE staff_tasks SET closed_at = now(), closed_by = $2 WHERE task_id = $1 AND closed_at IS NULL
           RETURNING task_id, kind, user_id, phone_e164, opened_at, opened_by, closed_at, closed_by,
                     false AS "is_of_user!", false AS "may_arrive!""#,
        task_id,
        actor,
    );
    let Some(task) = closed.fetch_optional(&mut *tx).await? else {
        let known = sqlx::query_scalar!("SELECT closed_at FROM staff_tasks WHERE task_id = $1", task_id);
        let known = known.fetch_optional(&mut *tx).await?.is_some();
        return Ok(if known { Closing::Already } else { Closing::NoSuchTask });
    };
    note(&mut tx, &task, "task close", actor, reason).await?;
    tx.commit().await?;
    Ok(Closing::Done)
}

async fn note(
    tx: &mut PgConnection,
    task: &Task,
    action: &str,
    actor: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let key = person_keys::key_of(tx, task.user_id.as_deref(), task.phone_e164.as_deref()).await?;
    let subject = format!("person {key}");
    audit::note(tx, &audit::NewEntry { actor, action, subject: &subject, reason }).await
}
