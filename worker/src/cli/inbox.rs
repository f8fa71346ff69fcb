//! `worker inbox`: what people wrote, for a person of the staff.

use std::{io::Read as _, process::ExitCode};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Actor, Exit, Failure,
        output::{self, Output, Record},
    },
    config::Env,
    domain::UserId,
    templates::Language,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::open;
use crate::{
    care::{self, CareError, Desk, Direction, Line, Say, Staff},
    config::{audience, help_line, inbox_keys},
    inbox::Keyring,
    store::conversations::{self, Listed},
};

/// More than the longest answer in bytes, so that a longer one is refused, not cut.
const LONGEST_INPUT: u64 = 64 * 1024;

const EXAMPLES: &str = "\
Examples:
  worker inbox list
  worker inbox show 0197e2b4-… --reveal --reason 'the call centre answers'
  worker inbox take 0197e2b4-… --reason 'I call her'
  worker inbox reply 0197e2b4-… --turn 3 --reason 'asked about fever' < answer.txt
  worker inbox link 0197e2b4-… 1041 --reason 'she told us her name'
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

const TAKE_EXAMPLES: &str = "\
Examples:
  worker inbox take 0197e2b4-… --reason 'I call her'

Exit codes: 0 ok, 3 no such open conversation.";

const REPLY_EXAMPLES: &str = "\
Examples:
  worker inbox reply 0197e2b4-… --turn 3 --reason 'asked about fever' < answer.txt
  worker inbox reply 0197e2b4-… --turn 3 --handoff --reason 'she wrote two days ago'

The list shows the turn of each conversation. It grows with every message and answer, so nobody answers what they have not seen.
WhatsApp takes a text within 24 hours of the last message of the person, and only a template later.
Exit codes: 0 ok, 2 a text that cannot be sent, 3 not answered, 78 INBOX_KEY is not set.";

const LINK_EXAMPLES: &str = "\
Examples:
  worker inbox link 0197e2b4-… 1041 --reason 'she told us her name'

For people whose number belongs to no user, or whom WhatsApp names by an id alone.
Exit codes: 0 ok, 3 no such open conversation or user.";

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
    /// Take a conversation: others see who has it
    #[command(before_help = TAKE_EXAMPLES)]
    Take {
        /// Its id, as the list has it
        conversation: Uuid,
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Answer a conversation, with a text from standard input or the handoff template
    #[command(before_help = REPLY_EXAMPLES)]
    Reply {
        /// Its id, as the list has it
        conversation: Uuid,
        /// Its turn, as the list had it when you read the conversation
        #[arg(long, value_name = "N")]
        turn: i32,
        /// Send the template of the slot handoff in place of a text
        #[arg(long)]
        handoff: bool,
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Link a conversation to a user
    #[command(before_help = LINK_EXAMPLES)]
    Link {
        /// Its id, as the list has it
        conversation: Uuid,
        /// The portal's id of the user
        user: String,
        /// How you know; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        actor: Actor,
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
            let staff = Staff { actor: &actor.name(), reason: reason.as_deref().unwrap_or_default() };
            show(*conversation, *reveal, &staff, *output).await
        }
        Command::Take { conversation, reason, actor } => {
            let pool = open::database(Env::of_process()).await?;
            let found = conversations::find(&pool, *conversation).await.map_err(Failure::statement)?;
            let turn = found.ok_or_else(|| failure(CareError::Missing))?.turn;
            let staff = Staff { actor: &actor.name(), reason };
            care::take(&pool, *conversation, turn, &staff).await.map_err(failure)?;
            println!("{conversation} taken by {}", staff.actor);
            Ok(ExitCode::SUCCESS)
        }
        Command::Reply { conversation, turn, handoff, reason, actor } => {
            reply(*conversation, *turn, *handoff, &Staff { actor: &actor.name(), reason }).await
        }
        Command::Link { conversation, user, reason, actor } => {
            let user = UserId::parse(user).map_err(|why| Failure::usage(why.to_string()))?;
            let pool = open::database(Env::of_process()).await?;
            let staff = Staff { actor: &actor.name(), reason };
            care::link(&pool, *conversation, &user, &staff).await.map_err(failure)?;
            println!("{conversation} linked to user {user}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Close { conversation, reason, actor } => {
            let pool = open::database(Env::of_process()).await?;
            let staff = Staff { actor: &actor.name(), reason };
            care::close(&pool, *conversation, &staff).await.map_err(failure)?;
            println!("{conversation} closed");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn show(id: Uuid, reveal: bool, staff: &Staff<'_>, format: Output) -> Result<ExitCode, Failure> {
    let lines = if reveal {
        let office = Office::open().await?;
        office.desk().reveal(id, staff).await
    } else {
        care::outline(&open::database(Env::of_process()).await?, id).await
    };
    let rows: Vec<LineRow> = lines.map_err(failure)?.into_iter().map(LineRow::of).collect();
    output::print(&output::records("conversation/1", &rows, format)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn reply(id: Uuid, turn: i32, handoff: bool, staff: &Staff<'_>) -> Result<ExitCode, Failure> {
    let office = Office::open().await?;
    let mut text = String::new();
    if !handoff {
        std::io::stdin().lock().take(LONGEST_INPUT).read_to_string(&mut text)?;
    }
    let say = if handoff { Say::Handoff } else { Say::Text(&text) };
    office.desk().answer(id, turn, say, staff).await.map_err(failure)?;
    println!("{id} answered; `worker inbox show {id}` shows what becomes of it");
    Ok(ExitCode::SUCCESS)
}

/// What a desk is made of.
struct Office {
    pool: PgPool,
    keys: Keyring,
    help_line: Option<String>,
    language: Language,
}

impl Office {
    async fn open() -> Result<Self, Failure> {
        let mut env = Env::of_process();
        let (keys, line, audience) = (inbox_keys(&mut env), help_line(&mut env), audience(&mut env));
        let pool = open::database(env).await?;
        let missing = || Failure::configuration("INBOX_KEY is not set: the texts cannot be read or kept");
        Ok(Self { pool, keys: keys.ok_or_else(missing)?, help_line: line, language: audience.language })
    }

    fn desk(&self) -> Desk<'_> {
        let help_line = self.help_line.as_deref();
        Desk { pool: &self.pool, keys: &self.keys, help_line, language: self.language }
    }
}

fn failure(error: CareError) -> Failure {
    match error {
        CareError::Database(error) => Failure::statement(error),
        CareError::Text(why) => Failure::usage(why),
        other => Failure::new(Exit::SomeFailed, other.to_string()),
    }
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
        "taken_by",
        "turn",
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
            self.0.taken_by.clone().unwrap_or_default(),
            self.0.turn.to_string(),
        ]
    }
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct LineRow {
    received_at: DateTime<Utc>,
    class: Option<String>,
    kind: String,
    media: i16,
    /// The slot of an answer.
    reply: Option<String>,
    text: Option<String>,
    direction: &'static str,
    by: Option<String>,
    state: Option<String>,
}

impl LineRow {
    fn of(line: Line) -> Self {
        let Line { at, direction, kind, class, media, by, state, text, message_sid: _ } = line;
        let (direction, reply) = match direction {
            Direction::In => ("in", None),
            Direction::Out => ("out", Some(kind.clone())),
        };
        Self { received_at: at, class, kind, media, reply, text, direction, by, state }
    }
}

impl Record for LineRow {
    const COLUMNS: &'static [&'static str] =
        &["received_at", "direction", "class", "kind", "media", "by", "state", "text"];

    fn cells(&self) -> Vec<String> {
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            output::time(self.received_at),
            self.direction.to_owned(),
            some(&self.class),
            self.kind.clone(),
            self.media.to_string(),
            some(&self.by),
            some(&self.state),
            some(&self.text),
        ]
    }
}
