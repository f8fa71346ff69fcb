//! Shows everything that is stored about a person.

use serde_json::Value;
use shared::domain::UserId;
use sqlx::{PgConnection, PgPool};

use super::letters;

/// The rows of one table.
pub(crate) struct Part {
    pub(crate) table: &'static str,
    pub(crate) rows: Vec<Value>,
}

/// Reads each table with its condition. The text of a statement must be known when it is compiled.
macro_rules! rows {
    ($connection:expr, $user:expr, $phones:expr, $($table:literal: $condition:literal,)+) => {
        vec![$(Part {
            table: $table,
            rows: sqlx::query_scalar!(
                r#"SELECT to_jsonb(t) AS "row!" FROM "# + $table + " t WHERE " + $condition,
                $user,
                $phones as &[String],
            )
            .fetch_all(&mut *$connection)
            .await?,
        }),+]
    };
}

/// All parts that hold rows, each table once. Numbers and names are in full.
pub(crate) async fn export(pool: &PgPool, user: &UserId) -> Result<Vec<Part>, sqlx::Error> {
    // One snapshot of all tables.
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let phones = super::erase::numbers(&mut tx, user.as_str()).await?;
    let own = own_numbers(&mut tx, user.as_str(), &phones).await?;
    let mut parts = tables(&mut tx, user.as_str(), &own).await?;
    for part in parts.iter_mut().filter(|part| part.table == "silenced_users") {
        part.rows.iter_mut().for_each(|row| hide_other(row, "loss_of", user));
    }
    let words = letters::Words::of(&mut tx, user.as_str(), &phones).await?;
    parts.push(Part { table: "dead_letters", rows: letters::of_person(&mut tx, &words).await? });
    tx.rollback().await?;
    // A loss of another person silences this one: neither that nor whose it was is for this export.
    let own = |name: &Value| {
        name.as_str().is_some_and(|name| name == user.as_str() || phones.iter().any(|p| p == name))
    };
    let is_own = |row: &Value| row.get("loss_of").is_some_and(own);
    let had_loss =
        parts.iter().filter(|part| part.table == "loss_marks").flat_map(|part| &part.rows).any(is_own);
    for part in &mut parts {
        match part.table {
            "loss_marks" => part.rows.retain(is_own),
            // As a stop is shown.
            "silenced_users" => part.rows.iter_mut().filter(|row| !is_own(row)).for_each(|row| {
                row["because"] = "stop".into();
                row["loss_of"] = Value::Null;
            }),
            "suppressions" if !had_loss => {
                part.rows.iter_mut().filter(|row| row["loss"] == true).for_each(|row| {
                    row["loss"] = false.into();
                    row["reason"] = Value::Null;
                });
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.rows.is_empty());
    Ok(parts)
}

/// The present number, and those of the former ones that no other user has. What is stored about another number is about
/// the people who have it now.
async fn own_numbers(
    tx: &mut PgConnection,
    user: &str,
    phones: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT p.phone AS "phone!" FROM unnest($2::text[]) p(phone)
           WHERE EXISTS (SELECT FROM users u WHERE u.user_id = $1 AND u.phone_e164 = p.phone)
              OR NOT EXISTS (SELECT FROM attempts a WHERE a.phone_e164 = p.phone AND a.blocks AND a.user_id <> $1)
             AND NOT EXISTS (SELECT FROM attempts a WHERE a.phone_e164 = p.phone AND NOT a.blocks AND a.user_id <> $1)
             AND NOT EXISTS (SELECT FROM users u WHERE u.phone_e164 = p.phone AND u.attempt_id IS NULL AND u.user_id <> $1)
             AND NOT EXISTS (SELECT FROM person_keys k WHERE k.phone_e164 = p.phone AND k.user_id <> $1)"#,
        user,
        phones as &[String],
    )
    .fetch_all(tx)
    .await
}

/// Removes a field that names another user.
fn hide_other(row: &mut Value, field: &str, user: &UserId) {
    if let Some(fields) = row.as_object_mut()
        && fields.get(field).is_some_and(|named| named != user.as_str())
    {
        fields.remove(field);
    }
}

/// What a condition may use: `$1` is the user id, `$2` the numbers. A row that names another user is not about the person.
async fn tables(tx: &mut PgConnection, user: &str, phones: &[String]) -> Result<Vec<Part>, sqlx::Error> {
    Ok(rows!(tx, user, phones,
        "users": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "attempts": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "messages": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "message_attempts": "t.message_id IN (SELECT message_id FROM messages WHERE user_id = $1) AND $2::text[] IS NOT NULL",
        "status_callbacks": "t.message_id IN (SELECT message_id FROM attempts WHERE user_id = $1 UNION SELECT a.attempt_id FROM messages m JOIN message_attempts a USING (message_id) WHERE m.user_id = $1) AND $2::text[] IS NOT NULL",
        "person_keys": "t.user_id = $1 OR t.user_id IS NULL AND t.phone_e164 = ANY($2)",
        "consent_ledger": "t.person_key IN (SELECT person_key FROM person_keys WHERE user_id = $1 OR user_id IS NULL AND phone_e164 = ANY($2))",
        "consent_wordings": "t.sha256 IN (SELECT wording_sha256 FROM consent_ledger JOIN person_keys USING (person_key) WHERE user_id = $1 OR user_id IS NULL AND phone_e164 = ANY($2))",
        "suppressions": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "tip_suppressions": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "channel_grants": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "channel_faults": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "silenced_users": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "loss_marks": "t.user_id = $1 OR t.user_id IS NULL AND t.phone_e164 = ANY($2)",
        "staff_tasks": "t.user_id = $1 OR t.user_id IS NULL AND t.phone_e164 = ANY($2)",
        "stop_links": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "inbound": "t.phone_e164 = ANY($2) AND $1::text IS NOT NULL",
        "conversations": "t.user_id = $1 OR t.user_id IS NULL AND t.phone_e164 = ANY($2)",
        "staff_answers": "t.conversation_id IN (SELECT conversation_id FROM conversations WHERE user_id = $1 OR user_id IS NULL AND phone_e164 = ANY($2))",
        "reply_windows": "t.person = ANY($2) AND $1::text IS NOT NULL",
        "backfill_ids": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "events_out": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "pending_erasures": "t.user_id = $1 AND $2::text[] IS NOT NULL",
        "audit_log": "t.subject IN (SELECT 'person ' || person_key FROM person_keys WHERE user_id = $1 OR user_id IS NULL AND phone_e164 = ANY($2)
            UNION ALL SELECT message_id::text FROM attempts WHERE user_id = $1
            UNION ALL SELECT a.attempt_id::text FROM messages m JOIN message_attempts a USING (message_id) WHERE m.user_id = $1)",
    ))
}

/// The tables that [`tables`] reads, for the test that looks for forgotten ones.
#[cfg(test)]
pub(super) const TABLES: [&str; 25] = [
    "users",
    "attempts",
    "messages",
    "message_attempts",
    "status_callbacks",
    "person_keys",
    "consent_ledger",
    "consent_wordings",
    "suppressions",
    "tip_suppressions",
    "channel_grants",
    "channel_faults",
    "silenced_users",
    "loss_marks",
    "staff_tasks",
    "stop_links",
    "inbound",
    "conversations",
    "staff_answers",
    "reply_windows",
    "backfill_ids",
    "events_out",
    "pending_erasures",
    "audit_log",
    "dead_letters",
];
