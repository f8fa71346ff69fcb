//! `worker consent`: what users agreed to, and what they withdrew.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Actor, Exit, Failure, lines,
        output::{self, Output, Record},
    },
    config::Env,
    consent::{
        Door, EntryKey, NewEntry, Person, Source,
        doors::{self, Effect},
        ledger::{self, Effective},
    },
    domain::{Consent, ConsentAction, ConsentChannel, Purpose, UserId},
};
use sqlx::PgPool;

use super::open;

const EXAMPLES: &str = "\
Examples:
  worker consent show 1042
  worker consent withdraw 1042 --purpose tips --channel any --reason 'asked by phone'

The newest entry per number, purpose and channel decides. Withdrawing `onboarding` on every channel stops all messages.";

const SHOW_EXAMPLES: &str = "\
Examples:
  worker consent show 1042
  worker consent show 1042 --output json";

const GRANT_EXAMPLES: &str = "\
Examples:
  worker consent grant 1042 --purpose tips --channel whatsapp --reason 'signed on paper'
  worker consent grant - --purpose tips --channel any --reason 'forms of the clinic' < users.txt";

const WITHDRAW_EXAMPLES: &str = "\
Examples:
  worker consent withdraw 1042 --purpose onboarding --channel any --reason 'asked by phone'
  worker consent withdraw - --purpose tips --channel any --reason 'a list of the clinic' < users.txt";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Show what is true of a user, by purpose and channel
    #[command(before_help = SHOW_EXAMPLES)]
    Show {
        /// The portal's id of the user
        user: String,
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// Enter that users agree
    #[command(before_help = GRANT_EXAMPLES)]
    Grant(Change),
    /// Enter that users no longer agree
    #[command(before_help = WITHDRAW_EXAMPLES)]
    Withdraw(Change),
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// The portal's id of the user; `-` reads one per line from standard input
    user: String,
    /// What the messages are for: onboarding, tips or support_after_loss
    #[arg(long)]
    purpose: Purpose,
    /// sms, whatsapp or any
    #[arg(long)]
    channel: ConsentChannel,
    /// How you know; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    match command {
        Command::Show { user, output } => show(&pool, user, *output).await,
        Command::Grant(change) => enter(&pool, change, ConsentAction::Grant).await,
        Command::Withdraw(change) => enter(&pool, change, ConsentAction::Withdraw).await,
    }
}

async fn show(pool: &PgPool, user: &str, output: Output) -> Result<ExitCode, Failure> {
    let rows = ledger::effective(pool, user).await.map_err(Failure::statement)?;
    let rows: Vec<Shown> = rows.into_iter().map(Shown).collect();
    output::print(&output::records("consent/1", &rows, output)?)?;
    if rows.is_empty() {
        eprintln!("the ledger has no entry of this user");
        return Ok(Exit::SomeFailed.into());
    }
    Ok(ExitCode::SUCCESS)
}

struct Shown(Effective);

impl Serialize for Shown {
    /// The field names are a published schema: add to it, never rename.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            purpose: &'a str,
            channel: &'a str,
            granted: bool,
            since: DateTime<Utc>,
            source: &'a str,
        }
        let Effective { purpose, channel, granted, since, source } = &self.0;
        Fields { purpose, channel, granted: *granted, since: *since, source }.serialize(serializer)
    }
}

impl Record for Shown {
    const COLUMNS: &'static [&'static str] = &["purpose", "channel", "granted", "since", "source"];

    fn cells(&self) -> Vec<String> {
        let Effective { purpose, channel, granted, since, source } = &self.0;
        let granted = if *granted { "yes" } else { "no" };
        vec![purpose.clone(), channel.clone(), granted.to_owned(), output::time(*since), source.clone()]
    }
}

async fn enter(pool: &PgPool, change: &Change, action: ConsentAction) -> Result<ExitCode, Failure> {
    let actor = change.actor.name();
    let command = match action {
        ConsentAction::Grant => "consent grant",
        ConsentAction::Withdraw => "consent withdraw",
    };
    let door = Door { source: Source::Staff, actor: &actor, reason: &change.reason, action: Some(command) };
    let consent = Consent::new(change.purpose, change.channel, action);
    each_user(&change.user, async |user| {
        let entries = [NewEntry { key: EntryKey::random(), consent: consent.clone() }];
        doors::say(pool, Person::User(user), &entries, &door).await
    })
    .await
}

/// Carries out `act` for the user of the argument, or for each line of standard input, and prints what changed.
pub(super) async fn each_user(
    argument: &str,
    mut act: impl AsyncFnMut(&UserId) -> Result<Effect, sqlx::Error>,
) -> Result<ExitCode, Failure> {
    let mut unusable = 0;
    for (i, line) in lines(argument)?.iter().enumerate() {
        let user = match UserId::parse(line.trim()) {
            Ok(user) => user,
            Err(why) => {
                eprintln!("line {}: {why}", i + 1);
                unusable += 1;
                continue;
            }
        };
        let said = match act(&user).await.map_err(Failure::statement)? {
            Effect::Done | Effect::TipsAgain => "done",
            Effect::Already | Effect::Held => "it was so already",
        };
        println!("{user} {said}");
    }
    Ok(Exit::all_done(unusable == 0).into())
}
