//! `signup relay`: from the portal's outbox to RabbitMQ.

use producer::{
    command::{Exit, Failure, interruption, json_line, print},
    relay::{Relay, Settings},
};
use shared::{config::Env, telemetry};

/// Relays until it is told to stop, or once.
pub(crate) async fn run(once: bool) -> Result<Exit, Failure> {
    let settings = Settings::read(Env::of_process())?;
    telemetry::init(settings.log_format);
    let stop = interruption()?;
    let tally = if once {
        Relay::connect(settings).await?.once(&stop).await?
    } else {
        Relay::start(settings).await?.run(&stop).await
    };
    print(&json_line(&tally))?;
    Ok(if once && tally.failed > 0 { Exit::SomeFailed } else { Exit::Done })
}
