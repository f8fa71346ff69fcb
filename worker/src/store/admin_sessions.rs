//! The sessions of the dashboard. They expire by the database's clock.

use sqlx::PgPool;

/// A session ends after this many minutes without a request.
const IDLE_MINUTES: i32 = 15;
/// A session ends after this many hours in any case.
const ABSOLUTE_HOURS: i32 = 12;

/// A signed-in visitor.
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) csrf: String,
}

/// Begins a session, and removes those that are over.
pub(crate) async fn begin(
    pool: &PgPool,
    token_sha256: &[u8],
    name: &str,
    csrf: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM admin_sessions WHERE seen_at < now() - make_interval(mins => $1)
            OR created_at < now() - make_interval(hours => $2)",
        IDLE_MINUTES,
        ABSOLUTE_HOURS,
    )
    .execute(pool)
    .await?;
    sqlx::query!(
        "INSERT INTO admin_sessions (token_sha256, name, csrf) VALUES ($1, $2, $3)",
        token_sha256,
        name,
        csrf,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The session of this token, if it has not expired. `active`: the visitor sent the request, so the idle time starts
/// again.
pub(crate) async fn find(
    pool: &PgPool,
    token_sha256: &[u8],
    active: bool,
) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        "UPDATE admin_sessions SET seen_at = CASE WHEN $2 THEN now() ELSE seen_at END
         WHERE token_sha256 = $1 AND seen_at > now() - make_interval(mins => $3)
           AND created_at > now() - make_interval(hours => $4)
         RETURNING name, csrf",
        token_sha256,
        active,
        IDLE_MINUTES,
        ABSOLUTE_HOURS,
    )
    .fetch_optional(pool)
    .await
}

/// Ends a session.
pub(crate) async fn end(pool: &PgPool, token_sha256: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM admin_sessions WHERE token_sha256 = $1", token_sha256).execute(pool).await?;
    Ok(())
}
