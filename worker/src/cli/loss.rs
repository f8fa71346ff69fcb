//! `worker loss`: after a loss nothing automatic is sent any more.

use std::process::ExitCode;

use shared::{
    cli::{Actor, Exit, Failure, lines},
    config::{Env, settings::DEFAULT_REGION},
    consent::{
        Door, Person, Source,
        doors::{self, Effect},
    },
    domain::UserId,
    phone::{self, Region},
};
use sqlx::PgPool;

use super::{consent::each_user, open};

const EXAMPLES: &str = "\
Examples:
  worker loss report 1042 --reason 'the health post called'
  worker loss undo 1042 --reason 'reported for the wrong user'

Nothing automatic goes to the user, the number and the household any more, and a person is asked to look.";

const REPORT_EXAMPLES: &str = "\
Examples:
  worker loss report 1042 --reason 'the health post called'
  worker loss report - --reason 'a list of the clinic' < users.txt

Never write into the reason what happened.";

const UNDO_EXAMPLES: &str = "\
Examples:
  worker loss undo 1042 --reason 'reported for the wrong user'
  echo 98… | worker loss undo - --number --reason 'a wrong number was read out'

What was granted before is granted again. Dates are asked again. A person whom another loss silences stays silenced.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Enter a loss
    #[command(before_help = REPORT_EXAMPLES)]
    Report(Change),
    /// Take back a loss that was entered in error
    #[command(before_help = UNDO_EXAMPLES)]
    Undo {
        /// USER is a number that had no user when its loss was entered; `-` reads one per line from standard input
        #[arg(long)]
        number: bool,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// The portal's id of the user; `report -` reads one per line from standard input
    user: String,
    /// Who told you, or why it was an error; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let region = env.parse(&DEFAULT_REGION).unwrap_or(Region::NEPAL);
    let pool = open::database(env).await?;
    let (change, action) = match command {
        Command::Report(change) => (change, "loss report"),
        Command::Undo { change, .. } => (change, "loss undo"),
    };
    let actor = change.actor.name();
    let door = Door { source: Source::Staff, actor: &actor, reason: &change.reason, action: Some(action) };
    match command {
        Command::Report(_) => {
            each_user(&change.user, async |user| doors::loss(&pool, Person::User(user), &door).await).await
        }
        Command::Undo { number: true, .. } => undo_of_numbers(&pool, &change.user, region, &door).await,
        Command::Undo { number: false, .. } => {
            let user = UserId::parse(&change.user).map_err(|why| Failure::usage(why.to_string()))?;
            match doors::undo_loss(&pool, Person::User(&user), &door).await.map_err(Failure::statement)? {
                Effect::Done | Effect::TipsAgain => {
                    println!("{user} done");
                    Ok(ExitCode::SUCCESS)
                }
                Effect::Already | Effect::Held => {
                    Err(Failure::new(Exit::SomeFailed, "no loss of this user is entered"))
                }
            }
        }
    }
}

async fn undo_of_numbers(
    pool: &PgPool,
    argument: &str,
    region: Region,
    door: &Door<'_>,
) -> Result<ExitCode, Failure> {
    let mut failed = false;
    for (i, line) in lines(argument)?.iter().enumerate() {
        let phone = match phone::normalise(line.trim(), region) {
            Ok(phone) => phone.e164,
            Err(why) => {
                eprintln!("line {}: {why}: this number cannot be texted", i + 1);
                failed = true;
                continue;
            }
        };
        let effect = doors::undo_loss(pool, Person::Number(&phone), door).await;
        let said = match effect.map_err(Failure::statement)? {
            Effect::Done | Effect::TipsAgain => "done",
            Effect::Already | Effect::Held => {
                failed = true;
                "has no loss of its own. If its user has one: worker loss undo USER"
            }
        };
        println!("{} {said}", phone.masked());
    }
    Ok(Exit::all_done(!failed).into())
}
