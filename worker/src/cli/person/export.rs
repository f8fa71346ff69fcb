//! `worker person export`: everything that is stored about a user.

use std::{fmt::Write as _, process::ExitCode};

use serde_json::{Map, Value, json};
use shared::{
    audit::{self, NewEntry},
    cli::{Actor, Exit, Failure, output},
    config::Env,
};

use super::user_argument::parse;
use crate::{
    cli::open,
    config::inbox_keys,
    inbox::Keyring,
    store::person_data::{self, Part},
};

const EXAMPLES: &str = "\
Examples:
  worker person export 1042 > 1042.json
  worker person export 1042 --output text

Exit codes: 0 ok, 3 nothing is stored about this user.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// The portal's id of the user
    user: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Json)]
    output: Format,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// One document
    Json,
    /// For a person to read
    Text,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let user = parse(&arguments.user)?;
    let mut env = Env::of_process();
    let keys = inbox_keys(&mut env);
    let pool = open::database(env).await?;
    let mut parts = person_data::export(&pool, &user).await.map_err(Failure::statement)?;
    for part in &mut parts {
        decrypt(part, keys.as_ref());
    }
    if parts.is_empty() {
        eprintln!("nothing is stored about this user");
        return Ok(Exit::SomeFailed.into());
    }
    let mut tx = pool.begin().await.map_err(Failure::statement)?;
    let person = person_data::key_of(&mut tx, &user).await.map_err(Failure::statement)?;
    let (actor, subject) = (arguments.actor.name(), format!("person {person}"));
    let entry =
        NewEntry { actor: &actor, action: "person export", subject: &subject, reason: &arguments.reason };
    audit::note(&mut tx, &entry).await.map_err(Failure::statement)?;
    tx.commit().await.map_err(Failure::statement)?;
    output::print(&match arguments.output {
        Format::Json => document(user.as_str(), parts)?,
        Format::Text => text(user.as_str(), &parts),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Shows the texts of inbound messages and of the answers of staff.
fn decrypt(part: &mut Part, keys: Option<&Keyring>) {
    // Each is sealed under its id.
    let id = match part.table {
        "inbound" => "message_sid",
        "staff_answers" => "message_id",
        _ => return,
    };
    for row in &mut part.rows {
        let name = row[id].as_str().unwrap_or_default();
        // As PostgreSQL prints bytes.
        let sealed = row["body"].as_str().and_then(|text| hex::decode(text.trim_start_matches("\\x")).ok());
        let Some(sealed) = sealed else { continue };
        row["body"] = match keys.map(|keys| keys.open(name, &sealed)) {
            Some(Ok(text)) => String::from_utf8_lossy(&text).into(),
            Some(Err(why)) => why.to_string().into(),
            None => "encrypted: set INBOX_KEY".into(),
        };
    }
}

/// The field names are a published schema: add to it, never rename.
fn document(user: &str, parts: Vec<Part>) -> Result<String, Failure> {
    let tables: Map<String, Value> =
        parts.into_iter().map(|part| (part.table.to_owned(), Value::Array(part.rows))).collect();
    Ok(output::json(&json!({ "schema": "person/1", "user_id": user, "tables": tables }))?)
}

/// Fields without a value are left out.
fn text(user: &str, parts: &[Part]) -> String {
    let mut text = format!("Everything that is stored about user {user}\n");
    for Part { table, rows } in parts {
        for (place, row) in rows.iter().enumerate() {
            let _infallible = writeln!(text, "\n{table} {} of {}", place + 1, rows.len());
            let fields = row.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            for (name, value) in fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let _infallible = writeln!(text, "  {name:<20} {value}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_inbound_messages_are_decrypted() {
        let keys = Keyring::parse(&"00".repeat(32).into(), "inbox").unwrap();
        let sealed = hex::encode(keys.seal("SM1", "बन्द".as_bytes()).unwrap());
        let rows = vec![
            json!({"message_sid": "SM1", "body": format!("\\x{sealed}")}),
            json!({"message_sid": "SM2"}),
        ];
        let mut part = Part { table: "inbound", rows };
        let mut closed = Part { table: "inbound", rows: part.rows.clone() };
        decrypt(&mut part, Some(&keys));
        assert_eq!((&part.rows[0]["body"], &part.rows[1]["body"]), (&json!("बन्द"), &Value::Null));
        decrypt(&mut closed, None);
        assert_eq!(closed.rows[0]["body"], "encrypted: set INBOX_KEY");
        let sealed = hex::encode(keys.seal("m1", b"come today").unwrap());
        let rows = vec![json!({"message_id": "m1", "body": format!("\\x{sealed}")})];
        let mut answers = Part { table: "staff_answers", rows };
        decrypt(&mut answers, Some(&keys));
        assert_eq!(answers.rows[0]["body"], "come today");
    }

    #[test]
    fn the_text_names_each_table_and_leaves_out_empty_fields() {
        let rows = vec![json!({"user_id": "7", "kind": null, "retries": 2})];
        let shown = text("7", &[Part { table: "users", rows }]);
        assert!(shown.contains("users 1 of 1\n") && shown.contains("retries              2"), "{shown}");
        assert!(!shown.contains("kind"), "{shown}");
    }
}
