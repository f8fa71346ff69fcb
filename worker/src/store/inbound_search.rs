//! Up to when Twilio's list was searched for inbound messages: the table `inbound_search`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A search that is due.
pub(crate) struct Search {
    /// Up to then everything was found.
    pub(crate) searched_to: DateTime<Utc>,
    pub(crate) begun_at: DateTime<Utc>,
}

/// Begins a search, if it is due; one worker at a time. The first one goes back a day.
pub(crate) async fn begin(pool: &PgPool, interval: Duration) -> Result<Option<Search>, sqlx::Error> {
    sqlx::query_as!(
        Search,
        r#"INSERT INTO inbound_search AS s (searched_to, next_at)
           VALUES (calendar_now() - interval '1 day', now() + make_interval(secs => $1))
           ON CONFLICT (singleton) DO UPDATE SET next_at = EXCLUDED.next_at WHERE s.next_at <= now()
           RETURNING searched_to, calendar_now() AS "begun_at!""#,
        interval.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await
}

/// The search that began at `begun_at` found everything before.
pub(crate) async fn ended(pool: &PgPool, begun_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE inbound_search SET searched_to = GREATEST(searched_to, $1)", begun_at)
        .execute(pool)
        .await
        .map(drop)
}
