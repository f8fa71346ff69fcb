//! `worker suppress`: numbers that must never be texted.

use std::process::ExitCode;

use shared::{
    config::{Env, settings::DEFAULT_REGION},
    phone::{self, E164, Region},
};

use super::open;
use crate::{
    exit::{Failure, SOME_FAILED},
    store::suppressions,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Never text these numbers
    Add(Change),
    /// Allow these numbers again
    Remove(Change),
    /// Show the list, masked
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// A number, or `-` for one per line from standard input (keeps them out of the list of processes)
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// Why; kept in the audit log
    #[arg(long)]
    reason: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let region = env.parse(&DEFAULT_REGION).unwrap_or(Region::NEPAL);
    let pool = open::database(env).await?;
    match command {
        Command::List => list(&pool).await,
        Command::Add(change) | Command::Remove(change) => {
            let add = matches!(command, Command::Add(_));
            change_all(&pool, change, region, add).await
        }
    }
}

async fn list(pool: &sqlx::PgPool) -> Result<ExitCode, Failure> {
    for row in suppressions::list(pool).await.map_err(open::failed)? {
        let number = E164::parse(&row.phone_e164).map_or_else(|_| "?".to_owned(), |n| n.masked());
        println!("{number}\t{}\t{}\t{}\t{}", row.created_at.to_rfc3339(), row.source, row.actor, row.reason);
    }
    Ok(ExitCode::SUCCESS)
}

async fn change_all(
    pool: &sqlx::PgPool,
    change: &Change,
    region: Region,
    add: bool,
) -> Result<ExitCode, Failure> {
    let actor = open::actor(change.actor.as_deref());
    let mut unusable = 0;
    for (i, line) in open::lines(&change.number)?.iter().enumerate() {
        let phone = match phone::normalise(line.trim(), region) {
            Ok(phone) => phone.e164,
            Err(why) => {
                eprintln!("line {}: {why}: not a number that could be texted", i + 1);
                unusable += 1;
                continue;
            }
        };
        let (changed, done, idle) = if add {
            (
                suppressions::add(pool, &phone, &actor, &change.reason).await,
                "suppressed",
                "was suppressed already",
            )
        } else {
            (
                suppressions::lift(pool, &phone, &actor, &change.reason).await,
                "allowed again",
                "was not suppressed",
            )
        };
        println!("{} {}", phone.masked(), if changed.map_err(open::failed)? { done } else { idle });
    }
    Ok(if unusable == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
}
