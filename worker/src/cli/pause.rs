//! `worker pause` and `worker resume`: an operator holds a lane, in all workers.

use std::process::ExitCode;

use shared::{
    cli::{Actor, Failure, TimeArgument, output},
    config::Env,
    lane::Lane,
};

use super::{lane_argument::lane_parser, open};
use crate::store::pauses::{self, Limit};

const PAUSE_EXAMPLES: &str = "\
Examples:
  worker pause --lane backfill --until 2h --reason 'the call centre is full'
  worker pause --reason 'wrong wording'        live, tips and backfill, until `worker resume`
  worker pause --lane replies --reason '…'     replies are held only if they are named

Every running worker obeys within 2 s: it makes no new call to Twilio for the lane, and users wait. Status callbacks and
the dead-letter queue are processed all the same.";

const RESUME_EXAMPLES: &str = "\
Examples:
  worker resume                                live, tips and backfill
  worker resume --lane backfill --reason 'the call centre is back'";

#[derive(Debug, clap::Args)]
#[command(before_help = PAUSE_EXAMPLES)]
pub(super) struct Pause {
    #[command(flatten)]
    lanes: Lanes,
    /// When it ends by itself: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or in `90m`
    /// [default: never]
    #[arg(long, value_name = "TIME")]
    until: Option<TimeArgument>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

#[derive(Debug, clap::Args)]
#[command(before_help = RESUME_EXAMPLES)]
pub(super) struct Resume {
    #[command(flatten)]
    lanes: Lanes,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

#[derive(Debug, clap::Args)]
struct Lanes {
    /// Which lane [default: live, tips and backfill]
    #[arg(long, value_parser = lane_parser())]
    lane: Option<Lane>,
}

impl Lanes {
    fn all(&self) -> Vec<Lane> {
        let plain = || Lane::ALL.into_iter().filter(|lane| lane.is_in_plain_pause()).collect();
        self.lane.map_or_else(plain, |lane| vec![lane])
    }
}

pub(super) async fn pause(arguments: &Pause) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let actor = arguments.actor.name();
    let limit = match arguments.until {
        None => Limit::default(),
        Some(TimeArgument::At(time)) => Limit { at: Some(time), seconds: None },
        Some(TimeArgument::Span(span)) => Limit { at: None, seconds: Some(span.as_secs_f64()) },
    };
    for lane in arguments.lanes.all() {
        let paused = pauses::pause(&pool, lane, limit, &actor, &arguments.reason).await;
        let Some(pause) = paused.map_err(Failure::statement)? else {
            return Err(Failure::usage("--until is in the past; nothing was changed"));
        };
        println!("{} lane paused until {}", lane.as_str(), end(&pause));
    }
    Ok(ExitCode::SUCCESS)
}

fn end(pause: &pauses::Pause) -> String {
    pause.ends_at.map_or_else(|| "`worker resume`".to_owned(), output::time)
}

/// The paused lanes as text. `None`: no lane is paused.
pub(super) fn summary(pauses: &[pauses::Pause]) -> Option<String> {
    let each = pauses.iter().map(|pause| format!("{} until {}", pause.lane.as_str(), end(pause)));
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| each.join("; "))
}

pub(super) async fn resume(arguments: &Resume) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let actor = arguments.actor.name();
    for lane in arguments.lanes.all() {
        let lifted =
            pauses::resume(&pool, lane, &actor, &arguments.reason).await.map_err(Failure::statement)?;
        println!("{} lane {}", lane.as_str(), if lifted { "resumed" } else { "was not paused" });
    }
    Ok(ExitCode::SUCCESS)
}
