//! `worker dead replay`

mod rounds;

use std::process::ExitCode;

use rounds::Rounds;
use shared::{
    amqp::{Publisher, install_crypto},
    cli::{Exit, Failure},
    config::{Broker, DatabaseUrl, Env, insecure_allowed, settings},
};

use super::{
    change::Change,
    touched::{Touched, letters},
};
use crate::cli::open;

const EXAMPLES: &str = "\
Examples:
  worker dead replay --cause unknown_user --dry-run
  worker dead replay 7 --reason 'imported her'
  worker dead replay --cause schema --yes --reason 'worker 0.2 reads them'

A replayed letter is processed as any other event, with its own id and headers: no user is welcomed twice. Letters that
this version cannot read are not published.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    pub(in crate::cli) change: Change,
    /// Publish N letters a second at most, so that live signups are not delayed
    #[arg(long, value_name = "N", default_value = "50", help_heading = "Pace", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
}

pub(super) async fn run(Arguments { change, rate }: &Arguments) -> Result<ExitCode, Failure> {
    let decision = change.decide()?;
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let broker = Broker::read(&mut env, insecure);
    let (url, broker) = env.finish((url, broker))?;
    let pool = open::connect(&url).await?;
    let touched = Touched::find(&pool, &decision.selection).await?;
    if touched.ids.is_empty() {
        println!("no open dead letter matches: nothing was published");
        return Ok(Exit::all_done(touched.missing == 0).into());
    }
    let mut rounds = Rounds::new(pool, *rate);
    if change.dry_run {
        rounds.rehearse(&touched.ids).await.map_err(Failure::statement)?;
        println!("{}", rounds.forecast());
        return Ok(Exit::all_done(touched.missing == 0).into());
    }
    let all = letters(touched.ids.len());
    let question = format!("Publish {all} ({}) again?", touched.by_cause);
    if touched.ids.len() > 1 && !change.confirmation.given(&question, &format!("this publishes {all}"))? {
        println!("nothing was published");
        return Ok(Exit::Interrupted.into());
    }
    install_crypto();
    let connected = Publisher::connect(broker, "aamcare worker, replay").await;
    let publisher = connected
        .map_err(|error| Failure::from(error).and("nothing was published. `worker doctor` says more"))?;
    rounds.publish(&touched.ids, &publisher, &decision.verdict()).await.map_err(Failure::statement)?;
    println!("{}", rounds.result());
    if rounds.stopped() {
        return Err(Failure::unreachable(
            "RabbitMQ does not confirm; the remaining letters are still open: run the command again",
        ));
    }
    Ok(Exit::all_done(rounds.all_done() && touched.missing == 0).into())
}
