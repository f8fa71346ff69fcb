//! The audit log: actions of staff with their reasons. It is append-only, and an entry is written in the transaction of
//! its action.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

/// An entry to write.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// The person, such as a login name.
    pub actor: &'a str,
    /// The action, as the command is typed.
    pub action: &'a str,
    /// The objects of the action: ids, counts and masked numbers only.
    pub subject: &'a str,
    /// The reason in the actor's words; empty if the command does not ask for one.
    pub reason: &'a str,
}

/// Inserts the entry into `audit_log`.
pub async fn note(tx: &mut PgConnection, entry: &NewEntry<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit_log (actor, action, subject, reason) VALUES ($1, $2, $3, $4)",
        entry.actor,
        entry.action,
        entry.subject,
        entry.reason,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The time of the action.
    pub at: DateTime<Utc>,
    /// The person.
    pub actor: String,
    /// The action.
    pub action: String,
    /// The objects of the action.
    pub subject: String,
    /// The reason; empty if the command did not ask for one.
    pub reason: String,
}

/// A filter of entries. A field that is `None` does not restrict.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// By this person.
    pub actor: Option<String>,
    /// With an action that begins with this text.
    pub action: Option<String>,
    /// Only the last N.
    pub limit: Option<i64>,
}

/// The matching entries, oldest first.
pub async fn list(pool: &PgPool, wanted: &Wanted) -> Result<Vec<Entry>, sqlx::Error> {
    let mut entries = sqlx::query_as!(
        Entry,
        "SELECT at, actor, action, subject, reason FROM audit_log
         WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::text IS NULL OR actor = $2)
           AND ($3::text IS NULL OR starts_with(action, $3))
         ORDER BY id DESC LIMIT $4",
        wanted.since,
        wanted.actor,
        wanted.action,
        wanted.limit,
    )
    .fetch_all(pool)
    .await?;
    entries.reverse();
    Ok(entries)
}

/// The name of the actor: `named`, else the login name (`USER`), else `unknown`.
pub fn actor(named: Option<&str>) -> String {
    let login = || std::env::var("USER").ok().filter(|u| !u.is_empty());
    named.map(str::to_owned).or_else(login).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_name_has_precedence() {
        assert_eq!(actor(Some("maya")), "maya");
        assert!(!actor(None).is_empty());
    }
}
