//! Dead letters that are published once more, or given up.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::lane::QueueLane;
use sqlx::{PgConnection, PgPool};

use crate::store::audit::{self, NewEntry};

/// A letter with all that is needed to publish it once more.
pub(crate) struct Letter {
    pub(crate) id: i64,
    pub(crate) reason: String,
    pub(crate) lane: Option<QueueLane>,
    pub(crate) routing_key: String,
    pub(crate) message_id: Option<String>,
    /// When it was published, as far as that is known: no later than it was first seen.
    pub(crate) published_at: DateTime<Utc>,
    pub(crate) headers: Value,
    pub(crate) body: Vec<u8>,
}

/// Who decides, and why.
pub(crate) struct Verdict<'a> {
    pub(crate) actor: &'a str,
    pub(crate) because: &'a str,
}

/// Locks those of `ids` that are open and not locked by another transaction. A dead letter that comes back meanwhile
/// waits for the transaction and is open again after it.
pub(crate) async fn take(tx: &mut PgConnection, ids: &[i64]) -> Result<Vec<Letter>, sqlx::Error> {
    sqlx::query_as!(
        Letter,
        r#"SELECT id, reason, lane AS "lane: QueueLane", routing_key, message_id,
                  LEAST(published_at, first_seen_at) AS "published_at!", headers, body
           FROM dead_letters
           WHERE id = ANY($1) AND replayed_at IS NULL AND dropped_at IS NULL
           ORDER BY id FOR UPDATE SKIP LOCKED"#,
        ids,
    )
    .fetch_all(tx)
    .await
}

/// Notes letters that the broker confirmed.
pub(crate) async fn replayed(
    tx: &mut PgConnection,
    ids: &[i64],
    verdict: &Verdict<'_>,
) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE dead_letters SET replayed_at = now(), replayed_by = $2 WHERE id = ANY($1)",
        ids,
        verdict.actor,
    )
    .execute(&mut *tx)
    .await?;
    note(tx, "dead replay", ids, verdict).await
}

/// Gives up those of `ids` that are open: their content is emptied, the rows stay. Returns how many.
pub(crate) async fn drop(pool: &PgPool, ids: &[i64], verdict: &Verdict<'_>) -> Result<usize, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let mut dropped = sqlx::query_scalar!(
        "UPDATE dead_letters SET dropped_at = now(), dropped_by = $2, body = '', headers = '{}'
         WHERE id = ANY($1) AND replayed_at IS NULL AND dropped_at IS NULL RETURNING id",
        ids,
        verdict.actor,
    )
    .fetch_all(&mut *tx)
    .await?;
    dropped.sort_unstable();
    if !dropped.is_empty() {
        note(&mut tx, "dead drop", &dropped, verdict).await?;
    }
    tx.commit().await?;
    Ok(dropped.len())
}

/// Writes an audit entry before an operator sees the content of a dead letter. Committed before the content is shown.
pub(crate) async fn revealed(pool: &PgPool, id: i64, verdict: &Verdict<'_>) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    note(&mut tx, "dead show --reveal", &[id], verdict).await?;
    tx.commit().await
}

async fn note(
    tx: &mut PgConnection,
    action: &str,
    ids: &[i64],
    verdict: &Verdict<'_>,
) -> Result<(), sqlx::Error> {
    let subject = format!("letters {}", listed(ids));
    let entry = NewEntry { actor: verdict.actor, action, subject: &subject, reason: verdict.because };
    audit::note(tx, &entry).await
}

/// `1-3, 7`: neighbours as one, for a replay may hold thousands.
fn listed(sorted: &[i64]) -> String {
    let runs = sorted.chunk_by(|a, b| a + 1 == *b);
    let words: Vec<String> = runs
        .filter_map(|run| match (run.first()?, run.last()?) {
            (first, last) if first == last => Some(first.to_string()),
            (first, last) => Some(format!("{first}-{last}")),
        })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn neighbours_are_listed_as_one() {
        assert_eq!(listed(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!(listed(&[]), "");
    }
}
