//! The contents of the account: what walks over Twilio's list found, and which contents are held after a refusal.
//!
//! A transaction of this file takes the row of `template_sync` first, so that two of them never wait for each other.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::templates::ContentSid;
use sqlx::{PgConnection, PgExecutor, PgPool, types::Json};

use super::audit::{self, NewEntry};
use crate::twilio::ContentRecord;

/// How long a walk belongs to the worker that started it. Longer than any walk may take.
pub(crate) const HOLD_TURN: Duration = Duration::from_secs(600);
/// How long a content is held after a refusal, unless a pause is seen to end before. Twilio's list may show a pause later than a refusal does.
pub(crate) const HOLD: Duration = Duration::from_secs(900);

/// The right to apply one walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    started_at: DateTime<Utc>,
    /// The start on the calendar, which holds read.
    calendar: DateTime<Utc>,
}

/// Which walk may start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Due {
    /// Any: a person asks for it.
    Now,
    /// One whose interval has passed or that is wanted earlier. `always`: even if no template is mapped.
    After { interval: Duration, always: bool },
}

/// Begins a walk. `None`: another one runs, or none is due.
pub(crate) async fn begin(pool: &PgPool, due: Due) -> Result<Option<Turn>, sqlx::Error> {
    let (interval, always) = match due {
        Due::Now => (None, true),
        Due::After { interval, always } => (Some(interval.as_secs_f64()), always),
    };
    let turn = sqlx::query!(
        r#"UPDATE template_sync SET started_at = now(), running_until = now() + make_interval(secs => $3)
           WHERE (running_until IS NULL OR running_until < now())
             AND ($1::float8 IS NULL OR started_at IS NULL OR started_at < now() - make_interval(secs => $1)
                  OR requested_at > started_at)
             AND ($2 OR EXISTS (SELECT FROM templates))
           RETURNING started_at AS "started_at!", calendar_now() AS "calendar!""#,
        interval,
        always,
        HOLD_TURN.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(turn.map(|turn| Turn { started_at: turn.started_at, calendar: turn.calendar }))
}

/// Ends a walk that failed. Nothing else changes.
pub(crate) async fn fail(pool: &PgPool, turn: Turn, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE template_sync SET failed_at = calendar_now(), error = $2, running_until = NULL WHERE started_at = $1",
        turn.started_at,
        error,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// The state of the walks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncState {
    pub(crate) succeeded_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    pub(crate) age: Option<Duration>,
    /// Why the last walk failed. `None`: it succeeded, or there was none.
    pub(crate) error: Option<String>,
}

/// Reads the state of the walks.
pub(crate) async fn sync_state(database: impl PgExecutor<'_>) -> Result<SyncState, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT succeeded_at, error, extract(epoch FROM calendar_now() - succeeded_at)::float8 AS age FROM template_sync"
    )
    .fetch_one(database)
    .await?;
    let age = row.age.map(|seconds| Duration::from_secs_f64(seconds.max(0.0)));
    Ok(SyncState { succeeded_at: row.succeeded_at, age, error: row.error })
}

/// What a walk changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Contents that the walk found.
    pub(crate) found: usize,
    /// Changes of mapped contents: a SID and what changed.
    pub(crate) changes: Vec<(String, String)>,
}

/// On whose behalf a walk is made, for the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
    /// The walk itself is an entry too, because a person asked for it.
    pub(crate) is_person: bool,
}

/// Stores a complete walk, with an audit entry for each change of a mapped content. `None`: the turn is over, because the
/// walk took too long.
pub(crate) async fn apply(
    pool: &PgPool,
    turn: Turn,
    records: &[ContentRecord],
    by: By<'_>,
) -> Result<Option<Applied>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let ended = sqlx::query!(
        "UPDATE template_sync SET succeeded_at = calendar_now(), error = NULL, running_until = NULL
         WHERE started_at = $1 AND running_until IS NOT NULL",
        turn.started_at,
    );
    if ended.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let before = states(&mut tx).await?;
    upsert(&mut tx, turn, records).await?;
    let after = states(&mut tx).await?;
    if by.is_person {
        note(&mut tx, by, &format!("{} templates", records.len())).await?;
    }
    let mut changes = Vec::new();
    for (sid, state) in &after {
        for change in before.get(sid).map(|old| state.changes_from(old)).unwrap_or_default() {
            note(&mut tx, by, &format!("{sid} {change}")).await?;
            changes.push((sid.clone(), change));
        }
    }
    tx.commit().await?;
    Ok(Some(Applied { found: records.len(), changes }))
}

async fn note(tx: &mut PgConnection, by: By<'_>, subject: &str) -> Result<(), sqlx::Error> {
    let By { actor, reason, .. } = by;
    audit::note(tx, &NewEntry { actor, action: "templates sync", subject, reason }).await
}

/// A content as `jsonb_to_recordset` reads it.
#[derive(Serialize)]
struct Row<'a> {
    content_sid: &'a str,
    friendly_name: &'a str,
    template_language: &'a str,
    category: &'a str,
    status: &'a str,
    rejection_reason: &'a str,
    placeholders: Vec<&'a str>,
    body: &'a str,
    updated_at: Option<DateTime<Utc>>,
}

impl<'a> Row<'a> {
    fn of(record: &'a ContentRecord) -> Self {
        Self {
            content_sid: record.sid.as_str(),
            friendly_name: &record.friendly_name,
            template_language: &record.language,
            category: &record.category,
            status: record.status.as_str(),
            rejection_reason: &record.rejection_reason,
            placeholders: record.placeholders.iter().map(String::as_str).collect(),
            body: &record.body,
            updated_at: record.updated_at,
        }
    }
}

async fn upsert(tx: &mut PgConnection, turn: Turn, records: &[ContentRecord]) -> Result<(), sqlx::Error> {
    let rows: Vec<Row<'_>> = records.iter().map(Row::of).collect();
    sqlx::query!(
        "INSERT INTO contents AS c (content_sid, friendly_name, template_language, category, status, rejection_reason,
                                    placeholders, body, updated_at, seen_at, changed_at)
         SELECT x.*, now(), now()
         FROM jsonb_to_recordset($1) AS x(content_sid text, friendly_name text, template_language text, category text,
                                          status text, rejection_reason text, placeholders text[], body text,
                                          updated_at timestamptz)
         ON CONFLICT (content_sid) DO UPDATE SET
             friendly_name = EXCLUDED.friendly_name, template_language = EXCLUDED.template_language,
             category = EXCLUDED.category, status = EXCLUDED.status, rejection_reason = EXCLUDED.rejection_reason,
             placeholders = EXCLUDED.placeholders, body = EXCLUDED.body, updated_at = EXCLUDED.updated_at,
             seen_at = EXCLUDED.seen_at, removed_at = NULL,
             changed_at = CASE WHEN c.removed_at IS NULL
                  AND (c.template_language, c.category, c.status, c.placeholders, c.body)
                    = (EXCLUDED.template_language, EXCLUDED.category, EXCLUDED.status, EXCLUDED.placeholders,
                       EXCLUDED.body) THEN c.changed_at ELSE now() END,
             held_until = CASE WHEN EXCLUDED.status = 'approved' AND (c.held_until <= $2 OR c.status <> 'approved') THEN NULL
                               ELSE c.held_until END,
             held_code = CASE WHEN EXCLUDED.status = 'approved' AND (c.held_until <= $2 OR c.status <> 'approved') THEN NULL
                              ELSE c.held_code END",
        Json(rows) as _,
        turn.calendar,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE contents SET removed_at = now(), changed_at = now() WHERE removed_at IS NULL AND seen_at < now()"
    )
    .execute(tx)
    .await
    .map(drop)
}

/// What decides whether a mapped content may be sent.
struct State {
    status: String,
    category: String,
    language: String,
    placeholders: Vec<String>,
    removed: bool,
    held_code: Option<i32>,
}

impl State {
    fn changes_from(&self, old: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        match (old.removed, self.removed) {
            (false, true) => changes.push("removed at Twilio".to_owned()),
            (true, false) => changes.push("is at Twilio again".to_owned()),
            _ => {}
        }
        for (what, old, new) in [
            ("status", &old.status, &self.status),
            ("category", &old.category, &self.category),
            ("language", &old.language, &self.language),
            ("placeholders", &old.placeholders.join(" "), &self.placeholders.join(" ")),
        ] {
            if old != new {
                changes.push(format!("{what} {} to {}", shown(old), shown(new)));
            }
        }
        if let (Some(code), None) = (old.held_code, self.held_code) {
            changes.push(format!("no longer held after error {code}"));
        }
        changes
    }
}

fn shown(word: &str) -> &str {
    if word.is_empty() { "none" } else { word }
}

/// The states of the mapped contents, by SID.
async fn states(tx: &mut PgConnection) -> Result<BTreeMap<String, State>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT content_sid, status, category, template_language, placeholders, removed_at IS NOT NULL AS "removed!",
                  held_code
           FROM contents c WHERE EXISTS (SELECT FROM templates t WHERE t.content_sid = c.content_sid)"#
    )
    .fetch_all(tx)
    .await?;
    let states = rows.into_iter().map(|row| {
        let state = State {
            status: row.status,
            category: row.category,
            language: row.template_language,
            placeholders: row.placeholders,
            removed: row.removed,
            held_code: row.held_code,
        };
        (row.content_sid, state)
    });
    Ok(states.collect())
}

/// Holds a content for [`HOLD`] after Twilio refused a message with this code, and asks for a walk. Returns whether it was
/// not held before. A content that the registry does not know cannot be held.
pub(crate) async fn hold(pool: &PgPool, sid: &ContentSid, code: u32) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query!("SELECT singleton FROM template_sync FOR UPDATE").fetch_one(&mut *tx).await?;
    let held = sqlx::query!(
        r#"WITH old AS (SELECT content_sid, held_until FROM contents WHERE content_sid = $1 FOR UPDATE)
           UPDATE contents c SET held_until = calendar_now() + make_interval(secs => $3), held_code = $2
           FROM old WHERE c.content_sid = old.content_sid RETURNING old.held_until IS NULL AS "is_new!""#,
        sid.as_str(),
        i32::try_from(code).unwrap_or(i32::MAX),
        HOLD.as_secs_f64(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    let is_new = held.is_some_and(|held| held.is_new);
    if is_new {
        sqlx::query!("UPDATE template_sync SET requested_at = now()").execute(&mut *tx).await?;
        let subject = format!("{sid} held after error {code}");
        let entry = NewEntry { actor: "worker", action: "template held", subject: &subject, reason: "" };
        audit::note(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}
