//! How many there are, and how many of them wait.

use shared::lane::Lane;
use sqlx::PgConnection;

/// Stored users of one kind.
pub(crate) struct Kind {
    /// As in the event; `unknown` where the portal named none.
    pub(crate) kind: String,
    pub(crate) count: i64,
}

/// Users of one lane with work ahead.
pub(crate) struct Backlog {
    pub(crate) lane: Lane,
    pub(crate) received: i64,
    /// Those of them whose next attempt is due.
    pub(crate) due: i64,
}

/// Who and what waits.
pub(crate) struct Waiting {
    /// Users with work ahead.
    pub(crate) received: i64,
    /// Those of them whose next attempt is due.
    pub(crate) due: i64,
    /// Outcomes nobody knows.
    pub(crate) unknown: i64,
    /// Those of them that are left to a person.
    pub(crate) parked: i64,
    /// Open ones: neither replayed nor dropped.
    pub(crate) dead_letters: i64,
    pub(crate) dead_letters_last_hour: i64,
}

/// Stored users by kind, the most first.
pub(crate) async fn kinds(connection: &mut PgConnection) -> Result<Vec<Kind>, sqlx::Error> {
    sqlx::query_as!(
        Kind,
        r#"SELECT coalesce(kind, 'unknown') AS "kind!", count(*) AS "count!" FROM users
           GROUP BY 1 ORDER BY 2 DESC, 1"#,
    )
    .fetch_all(connection)
    .await
}

/// Users with work ahead, by lane; a lane without any is not among them.
pub(crate) async fn backlog(connection: &mut PgConnection) -> Result<Vec<Backlog>, sqlx::Error> {
    sqlx::query_as!(
        Backlog,
        r#"SELECT lane AS "lane: Lane", count(*) AS "received!",
                  count(*) FILTER (WHERE next_attempt_at <= now()) AS "due!"
           FROM users WHERE state = 'received' GROUP BY lane"#,
    )
    .fetch_all(connection)
    .await
}

/// Who and what waits.
pub(crate) async fn waiting(connection: &mut PgConnection) -> Result<Waiting, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"SELECT u.received AS "received!", u.due AS "due!", a.unknown AS "unknown!", a.parked AS "parked!",
                  d.letters AS "dead_letters!", d.recent AS "dead_letters_last_hour!"
           FROM (SELECT count(*) AS received, count(*) FILTER (WHERE next_attempt_at <= now()) AS due
                 FROM users WHERE state = 'received') u,
                (SELECT count(*) AS unknown, count(parked_at) AS parked
                 FROM attempts WHERE outcome = 'unknown' AND blocks) a,
                (SELECT count(*) AS letters,
                        count(*) FILTER (WHERE last_seen_at > now() - interval '1 hour') AS recent
                 FROM onboarding_dead_letters) d"#,
    )
    .fetch_one(connection)
    .await
}
