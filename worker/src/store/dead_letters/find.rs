//! Which dead letters there are. Only [`one`] reads any content.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::lane::QueueLane;
use sqlx::PgPool;

/// A filter of dead letters. A field that is `None` does not restrict.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) ids: Option<Vec<i64>>,
    pub(crate) reason: Option<String>,
    /// Came last at this time or later.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Came last before this time.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) lane: Option<QueueLane>,
    pub(crate) limit: Option<i64>,
    /// Also those that were replayed or dropped.
    pub(crate) settled: bool,
}

/// Letters that share a reason.
pub(crate) struct Count {
    pub(crate) reason: String,
    pub(crate) letters: i64,
    /// Deliveries: a letter that came again is counted again.
    pub(crate) seen: i64,
    pub(crate) newest: DateTime<Utc>,
}

/// A letter without its content.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) lane: Option<QueueLane>,
    pub(crate) seen: i32,
    pub(crate) bytes: i32,
    pub(crate) first_seen_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) replayed_at: Option<DateTime<Utc>>,
    pub(crate) dropped_at: Option<DateTime<Utc>>,
    /// Who replayed or dropped it.
    pub(crate) settled_by: Option<String>,
}

/// What a letter says.
pub(crate) struct Content {
    pub(crate) message_id: Option<String>,
    pub(crate) routing_key: String,
    pub(crate) headers: Value,
    pub(crate) body: Vec<u8>,
}

/// How many there are of each reason, the most first. `limit` is of no account.
pub(crate) async fn counts(pool: &PgPool, wanted: &Selection) -> Result<Vec<Count>, sqlx::Error> {
    sqlx::query_as!(
        Count,
        r#"SELECT reason, count(*) AS "letters!", sum(seen) AS "seen!", max(last_seen_at) AS "newest!"
           FROM dead_letters
           WHERE ($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR reason = $2)
             AND ($3::timestamptz IS NULL OR last_seen_at >= $3)
             AND ($4::timestamptz IS NULL OR last_seen_at < $4)
             AND ($5::lane IS NULL OR lane = $5)
             AND ($6 OR (replayed_at IS NULL AND dropped_at IS NULL))
           GROUP BY reason ORDER BY 2 DESC, 1"#,
        wanted.ids.as_deref(),
        wanted.reason,
        wanted.since,
        wanted.until,
        wanted.lane as Option<QueueLane>,
        wanted.settled,
    )
    .fetch_all(pool)
    .await
}

/// The letters, oldest first.
pub(crate) async fn rows(pool: &PgPool, wanted: &Selection) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, reason, detail, lane AS "lane: QueueLane", seen, octet_length(body) AS "bytes!",
                  first_seen_at, last_seen_at, replayed_at, dropped_at,
                  coalesce(replayed_by, dropped_by) AS settled_by
           FROM dead_letters
           WHERE ($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR reason = $2)
             AND ($3::timestamptz IS NULL OR last_seen_at >= $3)
             AND ($4::timestamptz IS NULL OR last_seen_at < $4)
             AND ($5::lane IS NULL OR lane = $5)
             AND ($6 OR (replayed_at IS NULL AND dropped_at IS NULL))
           ORDER BY id LIMIT $7"#,
        wanted.ids.as_deref(),
        wanted.reason,
        wanted.since,
        wanted.until,
        wanted.lane as Option<QueueLane>,
        wanted.settled,
        wanted.limit,
    )
    .fetch_all(pool)
    .await
}

/// What the letter of this id says.
pub(crate) async fn one(pool: &PgPool, id: i64) -> Result<Option<Content>, sqlx::Error> {
    sqlx::query_as!(
        Content,
        "SELECT message_id, routing_key, headers, body FROM dead_letters WHERE id = $1",
        id
    )
    .fetch_optional(pool)
    .await
}

/// A dead letter in the list.
pub(crate) struct ListedLetter {
    pub(crate) id: i64,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) lane: Option<String>,
    pub(crate) seen: i32,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) replayed_at: Option<DateTime<Utc>>,
    pub(crate) dropped_at: Option<DateTime<Utc>>,
}

impl ListedLetter {
    /// Whether an operator has yet to decide on it.
    pub(crate) fn is_open(&self) -> bool {
        self.replayed_at.is_none() && self.dropped_at.is_none()
    }
}

/// At most `limit` letters, the newest first, older than `before`.
pub(crate) async fn page(
    pool: &PgPool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ListedLetter>, sqlx::Error> {
    sqlx::query_as!(
        ListedLetter,
        "SELECT id, reason, detail, lane::text, seen, last_seen_at, replayed_at, dropped_at
         FROM dead_letters WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}
