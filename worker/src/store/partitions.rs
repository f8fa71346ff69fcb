//! The months of messages.

use sqlx::PgPool;

/// Adds the partitions of this month and of the two that follow, as far as they are missing. Months are those of the ids of
/// messages, which follow the real clock.
pub(crate) async fn add_ahead(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"SELECT count(add_message_partitions((date_trunc('month', now() AT TIME ZONE 'UTC')
                                                + make_interval(months => n))::date)::text) AS "added!"
           FROM generate_series(0, 2) n"#
    )
    .fetch_one(pool)
    .await
    .map(drop)
}
