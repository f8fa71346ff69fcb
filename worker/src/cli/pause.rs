//! `worker pause` and `worker resume`: a lane held back by a person, in all workers.

use std::process::ExitCode;

use chrono::SecondsFormat;
use shared::{config::Env, lane::QueueLane};

use super::{lane_argument::lane_parser, moment::Moment, open};
use crate::{
    cli::exit::{Failure, USAGE},
    store::pauses::{self, Limit},
};

const PAUSE_EXAMPLES: &str = "\
Examples:
  worker pause --lane backfill --until 2h --reason 'the call centre is full'
  worker pause --reason 'wrong wording'        both lanes, until `worker resume`

Every running worker obeys within 2 s: nothing new is asked of Twilio, nobody is lost.";

const RESUME_EXAMPLES: &str = "\
Examples:
  worker resume                                both lanes
  worker resume --lane backfill --reason 'the call centre is back'";

#[derive(Debug, clap::Args)]
#[command(before_help = PAUSE_EXAMPLES)]
pub(super) struct Pause {
    #[command(flatten)]
    lanes: Lanes,
    /// When it ends by itself: a time (2026-11-25T18:00:00+05:45) or a span (90m) [default: never]
    #[arg(long)]
    until: Option<Moment>,
    /// Why; kept in the audit log
    #[arg(long)]
    reason: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(before_help = RESUME_EXAMPLES)]
pub(super) struct Resume {
    #[command(flatten)]
    lanes: Lanes,
    /// Why; kept in the audit log
    #[arg(long, default_value = "")]
    reason: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Lanes {
    /// Which lane [default: both]
    #[arg(long, value_parser = lane_parser())]
    lane: Option<QueueLane>,
}

impl Lanes {
    fn all(&self) -> Vec<QueueLane> {
        self.lane.map_or_else(|| QueueLane::ALL.to_vec(), |lane| vec![lane])
    }
}

pub(super) async fn pause(arguments: &Pause) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let actor = open::actor(arguments.actor.as_deref());
    let limit = match arguments.until {
        None => Limit::default(),
        Some(Moment::At(time)) => Limit { at: Some(time), seconds: None },
        Some(Moment::Span(span)) => Limit { at: None, seconds: Some(span.as_secs_f64()) },
    };
    for lane in arguments.lanes.all() {
        let paused = pauses::pause(&pool, lane, limit, &actor, &arguments.reason).await;
        let Some(pause) = paused.map_err(open::failed)? else {
            return Err(Failure::new(USAGE, "--until is in the past; nothing was changed"));
        };
        let end = pause.ends_at.map(|t| t.to_rfc3339_opts(SecondsFormat::Secs, true));
        println!("{} lane paused until {}", lane.as_str(), end.as_deref().unwrap_or("`worker resume`"));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn resume(arguments: &Resume) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let actor = open::actor(arguments.actor.as_deref());
    for lane in arguments.lanes.all() {
        let lifted = pauses::resume(&pool, lane, &actor, &arguments.reason).await.map_err(open::failed)?;
        println!("{} lane {}", lane.as_str(), if lifted { "resumed" } else { "was not paused" });
    }
    Ok(ExitCode::SUCCESS)
}
