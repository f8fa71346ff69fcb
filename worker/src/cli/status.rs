//! `worker status`: the timeline of a user, every message, the consents, and the open tasks.

mod print;

use std::process::ExitCode;

use serde::Serialize;
use shared::{
    cli::{
        Actor, Exit, Failure, lines,
        output::{self, Output},
    },
    config::Env,
};

use super::{open, pause};
use crate::{config::log_key, observe::log_refs::LogRefs, store::pauses, story::Story};

const EXAMPLES: &str = "\
Examples:
  worker status 1042                          by the portal's user id
  worker status SM9c7a…                       by a message SID, as in Twilio's console
  worker status 01a20513-5ac9…                by an attempt, as in a log line
  worker status --output jsonl - < ids.txt    many users, one object per line

It shows the timeline of the user, every message of every kind and channel, the consents, and the open tasks. The audit log
has each look at an open task.
Exit codes: 0 ok, 3 an id is not known here, 69 Postgres unreachable, 78 configuration.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A user id, a message SID or the id of an attempt; `-` reads one per line from standard input
    who: String,
    /// Output format; csv has a line for each event
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
    #[command(flatten)]
    actor: Actor,
}

const SCHEMA: &str = "status/1";

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    users: Vec<Story>,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let refs = log_key(&mut env).as_ref().and_then(LogRefs::new);
    let pool = open::database(env).await?;
    let asked = lines(&arguments.who)?;
    let mut stories = Vec::new();
    let mut missing = 0;
    let actor = arguments.actor.name();
    let paused = pauses::current(&pool).await.map_err(Failure::statement)?;
    if let Some(lanes) = pause::summary(&paused) {
        eprintln!("Paused lanes: {lanes}");
    }
    for (i, who) in asked.iter().enumerate() {
        let mut story = Story::find(&pool, who.trim()).await.map_err(Failure::statement)?;
        if let Some(found) = story.take() {
            let complete = found.with_people_data(&pool, &actor).await;
            story = Some(complete.map_err(Failure::statement)?);
        }
        match story.map(|story| story.named_for_the_log(refs.as_ref())) {
            // Printed one at a time, so that a long list is shown as it is read.
            Some(story) if arguments.output == Output::Jsonl => {
                output::print(&output::json_lines(SCHEMA, &[story]))?;
            }
            Some(story) if arguments.output == Output::Text => output::print(&print::text(&story))?,
            Some(story) => stories.push(story),
            None => {
                // The error does not repeat the line, which may be a phone number.
                eprintln!("line {}: not a user id, message SID or attempt of this database", i + 1);
                missing += 1;
            }
        }
    }
    match arguments.output {
        Output::Json => output::print(&output::json(&Document { schema: SCHEMA, users: stories })?)?,
        Output::Csv => output::print(&output::csv(&print::rows(&stories))?)?,
        Output::Text | Output::Jsonl => {}
    }
    if missing == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "User ids are those of the portal. A signup that is a dead letter or that did not arrive has no user: \
         see `worker dead list`, or store the portal's users with `import portal`."
    );
    Ok(Exit::SomeFailed.into())
}
