//! `worker dead replay`

mod rounds;

use std::process::ExitCode;

use rounds::Rounds;
use shared::{
    amqp::{Publisher, StartError, install_crypto},
    config::{Broker, DatabaseUrl, Env, insecure_allowed, settings},
};

use super::{
    filter::Filter,
    safety::Safety,
    touched::{Touched, letters},
};
use crate::cli::{
    ask,
    exit::{CONFIGURATION, Failure, INTERRUPTED, SOME_FAILED, UNREACHABLE},
    open,
};

const EXAMPLES: &str = "\
Examples:
  worker dead replay --reason unknown_user --dry-run
  worker dead replay 7 --because 'imported her'
  worker dead replay --reason schema --yes --because 'worker 0.2 reads them'

They go the way of every event, with their own ids and headers: whoever was welcomed is not welcomed again. What this
version cannot read would only come back, and is left alone.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    safety: Safety,
    /// Only look which of them can be read now
    #[arg(long, short = 'n', help_heading = "Safety")]
    dry_run: bool,
    /// Letters a second, so that live signups are not held up
    #[arg(long, default_value = "50", help_heading = "Pace", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let wanted = arguments.filter.selection()?;
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let broker = Broker::read(&mut env, insecure);
    let (url, broker) = env.finish((url, broker))?;
    let pool = open::connect(&url).await?;
    let touched = Touched::find(&pool, &wanted).await?;
    if touched.ids.is_empty() {
        println!("no open dead letter matches: nothing was published");
        return Ok(code(touched.missing == 0));
    }
    let actor = arguments.safety.actor();
    let verdict = arguments.safety.verdict(&actor);
    let mut rounds = Rounds::new(pool, arguments.rate);
    if arguments.dry_run {
        rounds.look(&touched.ids).await.map_err(open::failed)?;
        println!("{}", rounds.outlook());
        return Ok(code(touched.missing == 0));
    }
    if touched.ids.len() > 1 && !arguments.safety.yes && !confirmed(&touched)? {
        println!("nothing was published");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    install_crypto();
    let publisher = Publisher::connect(broker, "aamcare worker, replay").await.map_err(|e| refused(&e))?;
    rounds.publish(&touched.ids, &publisher, &verdict).await.map_err(open::failed)?;
    println!("{}", rounds.result());
    if rounds.stopped() {
        return Err(Failure::new(UNREACHABLE, "RabbitMQ does not confirm; the rest is open: run it again"));
    }
    Ok(code(rounds.all_done() && touched.missing == 0))
}

fn confirmed(touched: &Touched) -> Result<bool, Failure> {
    let all = letters(touched.ids.len());
    ask::confirmed(
        &format!("Publish {all} ({}) once more?", touched.by_reason),
        &format!("this publishes {all}"),
    )
}

fn refused(error: &StartError) -> Failure {
    let code = match error {
        StartError::Topology(clash) if clash.is_clash() => CONFIGURATION,
        _ => UNREACHABLE,
    };
    Failure::new(code, format!("{error}; nothing was published. `worker doctor` says more"))
}

fn code(all: bool) -> ExitCode {
    ExitCode::from(if all { 0 } else { SOME_FAILED })
}
