//! `worker links`: the address that stops messages to a number.

use std::process::ExitCode;

use shared::{
    audit::{self, NewEntry},
    cli::{Actor, Exit, Failure, lines},
    config::{Env, settings},
    consent::subject_of_number,
    phone::{self, E164, Region},
};
use sqlx::{PgConnection, PgPool};

use super::open;
use crate::{
    config::StopLinks,
    store::{
        batch::Statement as _,
        stop_links::{self, IssueCodes},
    },
};

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker links show - --reason 'the user lost the message'
  echo 98… | worker links revoke - --reason 'the message was shown to others'

Each welcome ends with the address of its number. The page there stops messages. It needs no login, so treat the address
as a secret.";

const SHOW_EXAMPLES: &str = "\
Examples:
  echo 98… | worker links show - --reason 'the user lost the message'
  worker links show - --reason 'for the letters' --actor maya < numbers.txt

Prints one address a line. A number without an address gets one. The audit log keeps that it was shown, and to whom.
Exit codes: 0 ok, 3 some numbers are unusable, 78 STOP_LINK_BASE is not set.";

const REVOKE_EXAMPLES: &str = "\
Examples:
  echo 98… | worker links revoke - --reason 'the message was shown to others'

Afterwards the page says of the old address what it says of an unknown one. The next message to the number ends with
another, and `worker links show` prints it.
Exit codes: 0 ok, also if there was no address, 3 some numbers are unusable, 78 STOP_LINK_BASE is not set.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Print the address of a number, and issue one if it has none
    #[command(before_help = SHOW_EXAMPLES)]
    Show(Numbers),
    /// Make the address of a number invalid, because others know it
    #[command(before_help = REVOKE_EXAMPLES)]
    Revoke(Numbers),
}

#[derive(Debug, clap::Args)]
pub(super) struct Numbers {
    /// A number; `-` reads one per line from standard input, which keeps numbers out of the process list
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let (Command::Show(arguments) | Command::Revoke(arguments)) = command;
    let mut env = Env::of_process();
    if env.optional(&settings::STOP_LINK_BASE).is_none() {
        return Err(Failure::configuration(
            "STOP_LINK_BASE is not set: numbers have no address. docs/configuration.md, stop link",
        ));
    }
    let region = env.parse(&settings::DEFAULT_REGION).unwrap_or(Region::NEPAL);
    let links = StopLinks::read(&mut env);
    let pool = open::database(env).await?;
    let Some(links) = links else {
        return Err(Failure::configuration("STOP_LINK_BASE or LINK_KEY is wrong"));
    };
    let mut unusable = 0;
    for (i, line) in lines(&arguments.number)?.iter().enumerate() {
        match phone::normalise(line.trim(), region) {
            Ok(phone) => {
                let said = match command {
                    Command::Show(_) => show(&pool, &links, phone.e164, arguments).await,
                    Command::Revoke(_) => revoke(&pool, &phone.e164, arguments).await,
                };
                println!("{}", said.map_err(Failure::statement)?);
            }
            Err(why) => {
                eprintln!("line {}: {why}: this number cannot be texted", i + 1);
                unusable += 1;
            }
        }
    }
    Ok(Exit::all_done(unusable == 0).into())
}

/// The address of one number, once the audit log has the entry.
async fn show(
    pool: &PgPool,
    links: &StopLinks,
    phone: E164,
    arguments: &Numbers,
) -> Result<String, sqlx::Error> {
    let issue = IssueCodes { pool: pool.clone(), key: links.key.clone() };
    let issued = issue.run(&[phone]).await?;
    let mut tx = pool.begin().await?;
    note(&mut tx, "links show", &phone, arguments).await?;
    tx.commit().await?;
    Ok(issued.iter().map(|code| links.base.url(*code)).collect())
}

async fn revoke(pool: &PgPool, phone: &E164, arguments: &Numbers) -> Result<String, sqlx::Error> {
    let mut tx = pool.begin().await?;
    if !stop_links::revoke(&mut tx, phone).await? {
        return Ok(format!("{}: had no address", phone.masked()));
    }
    note(&mut tx, "links revoke", phone, arguments).await?;
    tx.commit().await?;
    Ok(format!("{}: revoked", phone.masked()))
}

async fn note(
    tx: &mut PgConnection,
    action: &str,
    phone: &E164,
    arguments: &Numbers,
) -> Result<(), sqlx::Error> {
    let (actor, subject) = (arguments.actor.name(), subject_of_number(tx, phone).await?);
    let entry = NewEntry { actor: &actor, action, subject: &subject, reason: &arguments.reason };
    audit::note(tx, &entry).await
}
