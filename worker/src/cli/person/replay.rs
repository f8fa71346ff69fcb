//! `worker person erasures` and `worker person replay`: erased people stay erased when a backup is restored.

use std::process::ExitCode;

use serde::Deserialize;
use shared::{
    audit::{self, NewEntry},
    cli::{Actor, Exit, Failure, lines, output},
    config::Env,
    consent::{Door, Source, doors},
    erasure,
};

use super::erasure_key::{key, wrong_key};
use crate::{
    cli::open,
    store::{
        erasures::{self, Trace},
        person_data::{self, Erased},
    },
};

const LIST_EXAMPLES: &str = "\
Examples:
  worker person erasures > erasures.jsonl

Keyed digests only: the list names nobody. Keep the newest list apart from the backups.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  worker person replay - < erasures.jsonl

Run it after a backup is restored and before a worker starts. Those who were erased since the backup are erased again.
Exit codes: 0 ok, 3 some lines could not be read or some users wait for a call, 78 without ERASURE_KEY.";

#[derive(Debug, clap::Args)]
#[command(before_help = LIST_EXAMPLES)]
pub(in crate::cli) struct List {}

#[derive(Debug, clap::Args)]
#[command(before_help = REPLAY_EXAMPLES)]
pub(in crate::cli) struct Replay {
    /// `-`: lines of `worker person erasures` from standard input
    list: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "a backup was restored")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

/// A line of the list. A newer release may add fields around the trace.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    trace: Trace,
}

pub(super) async fn list() -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    for trace in erasures::traces(&pool).await.map_err(Failure::statement)? {
        output::print(&(output::json_line(&trace) + "\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn replay(arguments: &Replay) -> Result<ExitCode, Failure> {
    if arguments.list != "-" {
        return Err(Failure::usage("give `-` and the list on standard input"));
    }
    let key = key()?;
    let pool = open::database(Env::of_process()).await?;
    erasure::adopt_key(&pool, &key).await.map_err(wrong_key)?;
    let (mut entered, mut unreadable) = (0_u64, 0_u64);
    for (place, line) in lines("-")?.iter().enumerate() {
        if let Ok(Line { trace }) = serde_json::from_str(line) {
            erasures::enter_trace(&pool, &trace).await.map_err(Failure::statement)?;
            entered += 1;
        } else {
            eprintln!("line {}: not a line of `worker person erasures`", place + 1);
            unreadable += 1;
        }
    }
    let actor = arguments.actor.name();
    let subject = format!("{entered} digests");
    let entry =
        NewEntry { actor: &actor, action: "person replay", subject: &subject, reason: &arguments.reason };
    let mut connection = pool.acquire().await.map_err(Failure::statement)?;
    audit::note(&mut connection, &entry).await.map_err(Failure::statement)?;
    drop(connection);

    let (mut erased, mut waiting) = (0_u64, 0_u64);
    let door = Door { source: Source::Staff, actor: &actor, reason: &arguments.reason, action: None };
    for (user, as_of) in erasures::returned(&pool, &key).await.map_err(Failure::statement)? {
        doors::request_erasure(&pool, &user, as_of, &door).await.map_err(Failure::statement)?;
        let Some(request) = erasures::pending_of(&pool, &user).await.map_err(Failure::statement)? else {
            continue;
        };
        match person_data::erase(&pool, &key, &request).await.map_err(Failure::statement)? {
            Erased::Yes | Erased::Overtaken => erased += 1,
            Erased::Waits(_) | Erased::Busy => waiting += 1,
        }
    }
    println!("{entered} digests entered, {erased} users erased again, {waiting} wait for a running worker");
    Ok(Exit::all_done(unreadable == 0 && waiting == 0).into())
}
