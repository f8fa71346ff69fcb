//! Who did what by hand, and why. Append-only; written in the transaction of the deed.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

/// One deed.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// Who, such as a login name.
    pub actor: &'a str,
    /// What, as the command is typed.
    pub action: &'a str,
    /// To whom or to what: ids, counts and masked numbers only.
    pub subject: &'a str,
    /// Why, in the actor's words; may be empty where the command does not ask.
    pub reason: &'a str,
}

/// Writes it down in `audit_log`.
pub async fn note(tx: &mut PgConnection, deed: &NewEntry<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit_log (actor, action, subject, reason) VALUES ($1, $2, $3, $4)",
        deed.actor,
        deed.action,
        deed.subject,
        deed.reason,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom or to what.
    pub subject: String,
    /// Why; empty where the command did not ask.
    pub reason: String,
}

/// Which entries are meant; what is none restricts nothing.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this time or later.
    pub since: Option<DateTime<Utc>>,
    /// By this person.
    pub actor: Option<String>,
    /// Of this command, or of a command that begins so.
    pub action: Option<String>,
    /// The latest so many.
    pub limit: Option<i64>,
}

/// The entries, oldest first.
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

/// Whoever is at the keyboard: the name given, else the login name (`USER`), else `unknown`.
pub fn actor(named: Option<&str>) -> String {
    let login = || std::env::var("USER").ok().filter(|u| !u.is_empty());
    named.map(str::to_owned).or_else(login).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_given_comes_first() {
        assert_eq!(actor(Some("maya")), "maya");
        assert!(!actor(None).is_empty());
    }
}
