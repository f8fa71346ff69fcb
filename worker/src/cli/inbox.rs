//! `worker inbox`: what people wrote, for a person of the staff.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    audit::{self, NewEntry},
    cli::{
        Actor, Exit, Failure,
        output::{self, Output, Record},
    },
    config::Env,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::open;
use crate::{
    config::inbox_keys,
    store::{
        conversations::{self, Listed},
        inbound::{self, Written},
    },
};

const EXAMPLES: &str = "\
Examples:
  worker inbox list
  worker inbox show 0197e2b4-… --reveal --reason 'the call centre answers'
  worker inbox close 0197e2b4-… --reason 'she was called back'

Texts are encrypted. They are shown one conversation at a time, and each look is kept in the audit log.";

const LIST_EXAMPLES: &str = "\
Examples:
  worker inbox list                     open conversations, the most urgent first
  worker inbox list --output csv        for a spreadsheet";

const SHOW_EXAMPLES: &str = "\
Examples:
  worker inbox show 0197e2b4-…          classes and times, without the texts
  worker inbox show 0197e2b4-… --reveal --reason 'the call centre answers'

Exit codes: 0 ok, 3 no such conversation, 78 INBOX_KEY is not set.";

const CLOSE_EXAMPLES: &str = "\
Examples:
  worker inbox close 0197e2b4-… --reason 'she was called back'

The next message of the person opens another conversation.
Exit codes: 0 ok, 3 no such open conversation.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// List open conversations
    #[command(before_help = LIST_EXAMPLES)]
    List {
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// Show the messages of one conversation
    #[command(before_help = SHOW_EXAMPLES)]
    Show {
        /// Its id, as the list has it
        conversation: Uuid,
        /// Show the texts as well; needs INBOX_KEY and --reason
        #[arg(long, requires = "reason")]
        reveal: bool,
        /// Why you look; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        actor: Actor,
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// Close a conversation
    #[command(before_help = CLOSE_EXAMPLES)]
    Close {
        /// Its id, as the list has it
        conversation: Uuid,
        /// How it ended; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        actor: Actor,
    },
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List { output } => {
            let pool = open::database(Env::of_process()).await?;
            let open = conversations::list_open(&pool).await.map_err(Failure::statement)?;
            let rows: Vec<ListedRow> = open.into_iter().map(ListedRow).collect();
            output::print(&output::records("inbox/1", &rows, *output)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { conversation, reveal, reason, actor, output } => {
            let reason = reason.as_deref().unwrap_or_default();
            show(*conversation, *reveal, (&actor.name(), reason), *output).await
        }
        Command::Close { conversation, reason, actor } => {
            let pool = open::database(Env::of_process()).await?;
            close(&pool, *conversation, (&actor.name(), reason)).await
        }
    }
}

async fn show(
    id: Uuid,
    reveal: bool,
    (actor, reason): (&str, &str),
    format: Output,
) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let keys = if reveal { inbox_keys(&mut env) } else { None };
    let pool = open::database(env).await?;
    if reveal && keys.is_none() {
        return Err(Failure::configuration("INBOX_KEY is not set: the texts cannot be decrypted"));
    }
    let written = inbound::of_conversation(&pool, id).await.map_err(Failure::statement)?;
    if written.is_empty() {
        return Err(Failure::new(
            Exit::SomeFailed,
            "no such conversation: `worker inbox list` shows the open ones",
        ));
    }
    if reveal {
        let mut connection = pool.acquire().await.map_err(Failure::statement)?;
        let subject = format!("conversation {id}");
        let entry = NewEntry { actor, action: "inbox show --reveal", subject: &subject, reason };
        audit::note(&mut connection, &entry).await.map_err(Failure::statement)?;
    }
    let text = |message: &Written| match (&keys, &message.body) {
        (Some(keys), Some(body)) => Some(match keys.open(&message.message_sid, body) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(why) => why.to_string(),
        }),
        _ => None,
    };
    let rows: Vec<WrittenRow> = written
        .iter()
        .map(|message| WrittenRow {
            received_at: message.received_at,
            class: message.class.clone(),
            kind: message.kind.clone(),
            media: message.media,
            reply: message.reply.clone(),
            text: text(message),
        })
        .collect();
    output::print(&output::records("conversation/1", &rows, format)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn close(pool: &PgPool, id: Uuid, (actor, reason): (&str, &str)) -> Result<ExitCode, Failure> {
    let mut tx = pool.begin().await.map_err(Failure::statement)?;
    if !conversations::close(&mut tx, id, actor).await.map_err(Failure::statement)? {
        return Err(Failure::new(
            Exit::SomeFailed,
            "no such open conversation: `worker inbox list` shows them",
        ));
    }
    let subject = format!("conversation {id}");
    let entry = NewEntry { actor, action: "inbox close", subject: &subject, reason };
    audit::note(&mut tx, &entry).await.map_err(Failure::statement)?;
    tx.commit().await.map_err(Failure::statement)?;
    println!("{id} closed");
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename.
struct ListedRow(Listed);

impl Serialize for ListedRow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Record for ListedRow {
    const COLUMNS: &'static [&'static str] = &[
        "conversation_id",
        "user_id",
        "channel",
        "class",
        "urgent",
        "opened_at",
        "last_inbound_at",
        "window_open_until",
        "answered_at",
    ];

    fn cells(&self) -> Vec<String> {
        let Listed { conversation_id, user_id, channel, class, urgent, .. } = &self.0;
        let time = |at: Option<DateTime<Utc>>| at.map(output::time).unwrap_or_default();
        vec![
            conversation_id.to_string(),
            user_id.clone().unwrap_or_default(),
            channel.clone(),
            class.clone(),
            if *urgent { "yes" } else { "no" }.to_owned(),
            output::time(self.0.opened_at),
            output::time(self.0.last_inbound_at),
            time(self.0.window_open_until),
            time(self.0.answered_at),
        ]
    }
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct WrittenRow {
    received_at: DateTime<Utc>,
    class: Option<String>,
    kind: String,
    media: i16,
    reply: Option<String>,
    text: Option<String>,
}

impl Record for WrittenRow {
    const COLUMNS: &'static [&'static str] = &["received_at", "class", "kind", "media", "reply", "text"];

    fn cells(&self) -> Vec<String> {
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            output::time(self.received_at),
            some(&self.class),
            self.kind.clone(),
            self.media.to_string(),
            some(&self.reply),
            some(&self.text),
        ]
    }
}
