//! `worker unknown`: attempts whose outcome is unknown.

mod settle;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    amqp::install_crypto,
    cli::{
        Actor, Exit, Failure,
        output::{self, Output, Record},
    },
    config::Env,
};
use uuid::Uuid;

use super::open;
use crate::{
    config::Config,
    reconcile::{
        adopt::{self, NotAdopted},
        meanings::FallbackRule,
    },
    store::needs_review::{self, ReviewDecision, ReviewItem, ReviewResult},
    twilio::{Client, MessageSid},
};

const EXAMPLES: &str = "\
Examples:
  worker unknown list                                      all attempts whose message may or may not exist
  worker unknown adopt SM9c7a… --attempt 01a2… --reason 'found in the Twilio console'
  worker unknown reopen --attempt 01a2… --reason 'Twilio support: never received'
  worker unknown settle --since 2026-11-25T10:00:00+05:45 --until 2026-11-25T11:00:00+05:45 --dry-run

The worker sends nothing to a number with an unknown outcome. First look for the message in Twilio's console.";

const LIST_EXAMPLES: &str = "\
Examples:
  worker unknown list
  worker unknown list --output csv       for a spreadsheet";

const ADOPT_EXAMPLES: &str = "\
Examples:
  worker unknown adopt SM9c7a… --attempt 01a2… --reason 'found in the Twilio console'

The command fetches the message from Twilio and refuses one that went to another number or by another channel. If the
message failed on WhatsApp with a code that allows it, the user gets it by SMS, as after a status callback.";

const MARK_SENT_EXAMPLES: &str = "\
Examples:
  worker unknown mark-sent --attempt 01a2… --reason 'she says it came'";

const REOPEN_EXAMPLES: &str = "\
Examples:
  worker unknown reopen --attempt 01a2… --reason 'Twilio support: never received'

If the first message was sent after all, the user gets a second one: be sure.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Show every unknown outcome, oldest first
    #[command(before_help = LIST_EXAMPLES)]
    List {
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// The message is this one at Twilio; fetch its status
    #[command(before_help = ADOPT_EXAMPLES)]
    Adopt {
        /// The message's SID
        sid: String,
        #[command(flatten)]
        verdict: Verdict,
    },
    /// The message was sent, but its SID is unknown
    #[command(before_help = MARK_SENT_EXAMPLES)]
    MarkSent(Verdict),
    /// The message was not sent; make one more attempt
    #[command(before_help = REOPEN_EXAMPLES)]
    Reopen(Verdict),
    /// Settle all outcomes of a period with Twilio's list of messages
    Settle(settle::Arguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct Verdict {
    /// The attempt, as shown by `worker unknown list`
    #[arg(long, value_name = "ID")]
    attempt: Uuid,
    /// Why, and how you know; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    // What a status means follows from settings that only an adopted message needs.
    let mut meanings = FallbackRule::default();
    let (verdict, decision) = match command {
        Command::List { output } => return list(&pool, *output).await,
        Command::Adopt { sid, verdict } => {
            let config = Config::read(Env::of_process())?;
            meanings = FallbackRule::of(&config.whatsapp);
            (verdict, fetch(&pool, &config, sid, &find(&pool, verdict).await?).await?)
        }
        Command::MarkSent(verdict) => (verdict, ReviewDecision::MarkSent),
        Command::Reopen(verdict) => (verdict, ReviewDecision::Reopen),
        Command::Settle(arguments) => return settle::run(&pool, arguments).await,
    };
    let attempt = find(&pool, verdict).await?;
    let by = (&*verdict.actor.name(), &*verdict.reason);
    let settled =
        needs_review::decide(&pool, &attempt, &decision, by, &meanings).await.map_err(Failure::statement)?;
    let (said, code) = match settled {
        ReviewResult::Yes => ("settled", ExitCode::SUCCESS),
        ReviewResult::NumberFreed => (
            "settled: the number is free again; its user has another number or attempt by now, so nothing is sent to them",
            ExitCode::SUCCESS,
        ),
        ReviewResult::TooLate => {
            ("settled: the message's time is over by now, so it is not sent", ExitCode::SUCCESS)
        }
        ReviewResult::ProvedSent => (
            "settled: an earlier message of this number proved sent, so nothing more is sent to it",
            ExitCode::SUCCESS,
        ),
        ReviewResult::AnsweredFirst => {
            ("a definite answer arrived first; nothing was changed", Exit::SomeFailed.into())
        }
    };
    println!("{said}");
    Ok(code)
}

async fn list(pool: &sqlx::PgPool, output: Output) -> Result<ExitCode, Failure> {
    let open: Vec<Unknown> =
        needs_review::list(pool).await.map_err(Failure::statement)?.iter().map(Unknown::of).collect();
    output::print(&output::records("unknown/1", &open, output)?)?;
    if output == Output::Text {
        eprintln!("{} unknown, {} of them parked", open.len(), open.iter().filter(|o| o.parked).count());
    }
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Unknown {
    attempt: Uuid,
    user: String,
    /// Masked.
    number: String,
    claimed: DateTime<Utc>,
    checks: i16,
    parked: bool,
}

impl Unknown {
    fn of(row: &ReviewItem) -> Self {
        Self {
            attempt: row.attempt.attempt_id,
            user: row.user_id.clone(),
            number: open::masked(&row.phone_e164),
            claimed: row.claimed_at,
            checks: row.checks,
            parked: row.parked_at.is_some(),
        }
    }
}

impl Record for Unknown {
    const COLUMNS: &'static [&'static str] = &["attempt", "user", "number", "claimed", "checks", "state"];

    fn cells(&self) -> Vec<String> {
        let state = if self.parked { "parked" } else { "being found out" };
        vec![
            self.attempt.to_string(),
            self.user.clone(),
            self.number.clone(),
            output::time(self.claimed),
            self.checks.to_string(),
            state.to_owned(),
        ]
    }
}

async fn find(pool: &sqlx::PgPool, verdict: &Verdict) -> Result<ReviewItem, Failure> {
    let found = needs_review::find(pool, verdict.attempt).await.map_err(Failure::statement)?;
    found.ok_or_else(|| {
        Failure::new(Exit::SomeFailed, "this attempt has no unknown outcome: see `worker unknown list`")
    })
}

/// Fetches the message from Twilio, so that a mistyped SID is not adopted.
async fn fetch(
    pool: &sqlx::PgPool,
    config: &Config,
    sid: &str,
    attempt: &ReviewItem,
) -> Result<ReviewDecision, Failure> {
    install_crypto();
    let sid = MessageSid::parse(sid).map_err(|e| Failure::usage(format!("the SID {e}")))?;
    let client = Client::new(config.twilio.client()?).map_err(Failure::unexpected)?;
    adopt::fetch(pool, &client, &sid, attempt).await.map_err(|doubt| match doubt {
        NotAdopted::OtherNumber | NotAdopted::Taken => Failure::new(Exit::SomeFailed, doubt),
        NotAdopted::Database(error) => Failure::statement(error),
        NotAdopted::Twilio(fault) => Failure::unreachable(fault),
    })
}
