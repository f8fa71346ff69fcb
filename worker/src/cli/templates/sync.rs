//! `worker templates sync`

use std::{process::ExitCode, time::Duration};

use shared::{
    amqp::install_crypto,
    cli::{Actor, Failure},
    config::{DatabaseUrl, Env, insecure_allowed, settings},
};
use tokio::time::sleep;

use crate::{
    cli::open,
    config::TwilioConfig,
    store::contents::{By, Due},
    templates::{Synced, sync},
    twilio::{Client, WalkFault},
};

/// How often it is tried while a worker syncs, and the pause between two tries.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  worker templates sync
  worker templates sync --reason 'approved a minute ago'

The worker does the same every TEMPLATE_SYNC_INTERVAL. If Twilio does not return the whole list, nothing is changed.
Exit codes: 0 synced, 69 Twilio cannot be reached or another sync runs, 78 configuration.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let twilio = TwilioConfig::read(&mut env, insecure);
    let (url, twilio) = env.finish((url, twilio))?;
    let pool = open::connect(&url).await?;
    install_crypto();
    let client = Client::new(twilio.client()?).map_err(Failure::unexpected)?;
    let actor = arguments.actor.name();
    let by = By { actor: &actor, reason: &arguments.reason, is_person: true };
    for _ in 0..TRIES {
        match sync(&client, &pool, Due::Now, by).await.map_err(Failure::statement)? {
            Synced::NotDue => sleep(PAUSE).await,
            Synced::Applied(applied) => {
                println!("{} templates at Twilio", applied.found);
                for (sid, change) in applied.changes {
                    println!("{sid} {change}");
                }
                return Ok(ExitCode::SUCCESS);
            }
            Synced::Failed(fault) => return Err(failure(fault)),
        }
    }
    Err(Failure::unreachable(
        "another sync runs and does not end; nothing was changed. Try again in ten minutes",
    ))
}

fn failure(fault: WalkFault) -> Failure {
    let text = format!("{fault}; nothing was changed, the last known state applies");
    match fault {
        WalkFault::Read(read) if read.is_account() || read.is_forbidden() => Failure::configuration(format!(
            "{text}. The credentials may not read templates: an API key needs the right to read content"
        )),
        _ => Failure::unreachable(text),
    }
}
