//! `worker person erase`: erases a user, after the calls that are being made.

use std::{process::ExitCode, time::Duration};

use chrono::Utc;
use shared::{
    cli::{Actor, Confirmation, Exit, Failure},
    config::Env,
    consent::{Door, Source, doors},
    domain::UserId,
    erasure::{self, ErasureKey},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::{
    erasure_key::{key, wrong_key},
    user_argument::parse,
};
use crate::{
    cli::open,
    store::{
        erasures,
        person_data::{self, Erased, Part},
    },
};

const EXAMPLES: &str = "\
Examples:
  worker person erase 1042 --dry-run
  worker person erase 1042 --reason 'asked by the user' --yes

Everything about the user is deleted, here and at Twilio. A keyed digest stays, so that the number never gets a second
welcome, and no message if it was stopped. Another user of the same number is not touched.
Exit codes: 0 erased, 3 unknown user or still waiting for a call, 78 without ERASURE_KEY, 130 not confirmed.";

/// Longer than a call and the first question about its outcome.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// The portal's id of the user
    user: String,
    /// Why; kept in the audit log, without naming the person
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Change nothing; count
    #[arg(long, short = 'n')]
    dry_run: bool,
    #[command(flatten)]
    confirmation: Confirmation,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let user = parse(&arguments.user)?;
    let key = key()?;
    let pool = open::database(Env::of_process()).await?;
    erasure::check_key(&pool, Some(&key)).await.map_err(wrong_key)?;
    let parts = person_data::export(&pool, &user).await.map_err(Failure::statement)?;
    if parts.is_empty() {
        return unknown(&pool, &key, &user).await;
    }
    show(&pool, &user, &parts).await?;
    if arguments.dry_run {
        println!("Nothing was changed.");
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.confirmation.given("Erase this user for good?", "this erases a user for good")? {
        println!("Nothing was changed.");
        return Ok(Exit::Interrupted.into());
    }
    let actor = arguments.actor.name();
    let reason = arguments.reason.as_deref().unwrap_or_default();
    let door = Door { source: Source::Staff, actor: &actor, reason, action: Some("person erase") };
    erasure::adopt_key(&pool, &key).await.map_err(wrong_key)?;
    doors::request_erasure(&pool, &user, Utc::now(), &door).await.map_err(Failure::statement)?;
    println!("stopped: no message goes to the user any more");
    wait(&pool, &key, &user).await
}

async fn unknown(pool: &PgPool, key: &ErasureKey, user: &UserId) -> Result<ExitCode, Failure> {
    let erased = erasures::erased_as_of(pool, Some(key), user).await.map_err(Failure::statement)?;
    if erased.is_some() {
        println!("this user was erased already");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("nothing is stored about this user");
    Ok(Exit::SomeFailed.into())
}

/// What will be gone.
async fn show(pool: &PgPool, user: &UserId, parts: &[Part]) -> Result<(), Failure> {
    for part in parts {
        println!("{:<20} {}", part.table, part.rows.len());
    }
    let calls = person_data::in_flight(pool, user.as_str()).await.map_err(Failure::statement)?;
    if calls > 0 {
        println!(
            "calls that are being made, or whose outcome is being found out: {calls}; the erasure waits for them"
        );
    }
    Ok(())
}

async fn wait(pool: &PgPool, key: &ErasureKey, user: &UserId) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    loop {
        // None: a running worker was faster.
        let Some(request) = erasures::pending_of(pool, user).await.map_err(Failure::statement)? else {
            break;
        };
        match person_data::erase(pool, key, &request).await.map_err(Failure::statement)? {
            Erased::Yes => break,
            Erased::Overtaken => {}
            Erased::Waits(_) | Erased::Busy if started.elapsed() < PATIENCE => sleep(BETWEEN_LOOKS).await,
            Erased::Waits(calls) => {
                println!("the erasure waits for {calls} calls: a running worker carries it out");
                return Ok(Exit::SomeFailed.into());
            }
            Erased::Busy => {
                println!("the erasure waits: the tables are in use. A running worker carries it out");
                return Ok(Exit::SomeFailed.into());
            }
        }
    }
    println!("erased; a running worker has Twilio delete the texts of the messages");
    Ok(ExitCode::SUCCESS)
}
