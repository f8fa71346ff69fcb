//! The audit log of an erased person: names, numbers and the user id become a random key.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Rows that one statement reads: it must end in time however long the log is.
const PART: i64 = 20_000;

/// The newest row. Every row up to it is committed, so it is seen from now on.
pub(super) async fn newest(connection: &mut PgConnection, within: &str) -> Result<i64, sqlx::Error> {
    let mut tx = connection.begin().await?;
    sqlx::query(within).execute(&mut *tx).await?;
    sqlx::query("LOCK TABLE audit_log IN SHARE MODE").execute(&mut *tx).await?;
    let newest = sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "newest!" FROM audit_log"#)
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(newest)
}

/// Pseudonymises the rows after `above` up to `upto`.
pub(super) async fn pseudonymise(
    connection: &mut PgConnection,
    words: &[String],
    person: Uuid,
    (above, upto): (i64, i64),
) -> Result<(), sqlx::Error> {
    let mut above = above;
    while above < upto {
        let part = above.saturating_add(PART).min(upto);
        sqlx::query_scalar!("SELECT pseudonymise_audit($1, $2, $3, $4)", words, person, above, part)
            .fetch_one(&mut *connection)
            .await?;
        above = part;
    }
    Ok(())
}
