//! `worker register`: sends one number through the whole pipeline, for example to test credentials.

use std::{
    io::{self, BufRead},
    process::ExitCode,
};

use chrono::Utc;
use shared::{
    amqp::install_crypto,
    cli::{Actor, Confirmation, Exit, Failure},
    config::Env,
    consent::subject_of_number,
    domain::{Reason, UserId},
    events::{self, Signup},
    lane::QueueLane,
    phone::{self, E164},
    telemetry, templates,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::open;
use crate::{
    app::{Parts, Pools},
    config::Config,
    facts::Arrival,
    pipeline::{self, Inbound, Outcome},
    store::audit::{self, NewEntry},
    twilio::{self, Client, Preflight, Sender},
};

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker register --yes -      for scripts, and wherever the number is piped in
  worker register 98…                     asks before it sends

The command sends one real message, by the same rules as the worker.
Exit codes: 0 sent, 3 not sent, 130 not confirmed.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number; `-` reads it from standard input, which keeps it out of the process list
    #[arg(allow_hyphen_values = true)]
    number: String,
    #[command(flatten)]
    confirmation: Confirmation,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let config = Config::read(Env::of_process())?;
    telemetry::init(config.log_format);
    install_crypto();
    let number = read_number(&arguments.number)?;
    let phone = match phone::normalise(&number, config.audience.numbers.region) {
        Ok(phone) => phone,
        Err(why) => {
            println!("1 normalise  ✗ {why}: this number cannot be texted");
            return Ok(Exit::SomeFailed.into());
        }
    };
    println!("1 normalise  ✓ {} ({})", phone.e164.masked(), phone.line_type.as_str());
    let language = config.audience.language;
    let links = config.stop_links.as_ref();
    let own = links.map(|links| templates::welcome_with_address(language, &links.base.example()));
    let message = own.as_ref().unwrap_or_else(|| templates::welcome(language));
    let segments = message.segments();
    println!("2 message    ✓ {} in {}, {} segment(s)", segments.units, message.language(), segments.segments);
    check_twilio(&config).await?;
    if !arguments.confirmation.given("Send one welcome to this number?", "this sends a message")? {
        println!("Nothing was sent.");
        return Ok(Exit::Interrupted.into());
    }
    let pool = open::connect(&config.database).await?;
    let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
    let parts = Parts::new(&config, Pools::of(&pool), stop, &abandon)?;
    let actor = arguments.actor.name();
    note(&pool, &phone.e164, &actor, &arguments.reason).await.map_err(Failure::statement)?;
    parts.throttle.pauses.look(&pool).await.map_err(Failure::statement)?;
    let user = format!("register-{}", Uuid::now_v7());
    let inbound = inbound(&user, number)?;
    let outcome = pipeline::handle(&parts.pipeline, &inbound, pipeline::decode(&inbound)).await;
    let outcome = outcome.map_err(Failure::unreachable)?;
    println!("5 pipeline   {}", explain(outcome));
    println!("Recorded as user {user} in the view onboarding_status.");
    Ok(Exit::all_done(outcome == Outcome::Sent).into())
}

/// Checks credentials and sender with calls that send no message.
async fn check_twilio(config: &Config) -> Result<(), Failure> {
    let client = Client::new(config.twilio.client()?).map_err(Failure::configuration)?;
    match client.preflight().await {
        Preflight::Good => println!("3 credentials ✓ accepted by Twilio"),
        Preflight::Undecided { .. } => {
            println!("3 credentials – this key may not list messages: not checked");
        }
        Preflight::Refused { status, code } => {
            let meaning = code.map_or("", twilio::explain);
            return Err(Failure::configuration(format!(
                "Twilio refuses the credentials (HTTP {status}): {meaning}"
            )));
        }
        Preflight::Unavailable { fault } => return Err(Failure::unreachable(fault)),
    }
    match config.twilio.sender()? {
        Sender::From(_) => {
            println!("4 sender     – not a Messaging Service: only the message shows whether it works");
        }
        Sender::Service(sid) => match client.fetch_service(sid).await {
            Ok(service) => {
                let name = service.friendly_name.unwrap_or_default();
                println!("4 sender     ✓ Messaging Service {name:?}");
            }
            Err(fault) if fault.is_not_found() => {
                let hint =
                    "Twilio has no Messaging Service with this SID: correct TWILIO_MESSAGING_SERVICE_SID";
                return Err(Failure::configuration(hint));
            }
            Err(fault) => println!("4 sender     – not checked: {fault}"),
        },
    }
    Ok(())
}

fn read_number(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Called before the message, so that the audit log names the operator even if the process is killed.
async fn note(pool: &PgPool, phone: &E164, actor: &str, reason: &str) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let subject = subject_of_number(&mut connection, phone).await?;
    audit::note(&mut connection, &NewEntry { actor, action: "register", subject: &subject, reason }).await
}

/// The event that the portal would have published.
fn inbound(user: &str, phone: String) -> Result<Inbound, Failure> {
    let user_id = UserId::parse(user).map_err(Failure::usage)?;
    let signup = Signup::new(user_id, phone);
    let id = Uuid::now_v7().to_string();
    Ok(Inbound {
        screened: shared::amqp::Screened::default(),
        lane: QueueLane::Live,
        body: events::signed_up(&id, "/aamcare/worker-register", Utc::now(), &signup),
        routing_key: "user.signed_up.v1".to_owned(),
        message_id: Some(id),
        published_at: None,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        headers: serde_json::json!({}),
    })
}

fn explain(outcome: Outcome) -> String {
    match outcome {
        Outcome::Sent => "✓ accepted by Twilio".to_owned(),
        Outcome::Unknown => "? no definite answer: the running worker finds out later".to_owned(),
        Outcome::Linked | Outcome::Skipped(_) => "– nothing sent: this number has had its welcome".to_owned(),
        Outcome::Rejected(reason) => format!("✗ rejected: {reason}"),
        Outcome::Dropped(reason) | Outcome::Postponed(reason) => format!("– nothing sent: {reason}"),
        Outcome::OptedOut => "– nothing sent: this number is suppressed".to_owned(),
        Outcome::Deferred(reason) => format!("… nothing sent yet ({reason}): the running worker tries again"),
        Outcome::Failed(Reason::Error(code)) => {
            format!("✗ refused by Twilio, error {code}: {}", twilio::explain(code))
        }
        Outcome::Failed(reason) => format!("✗ refused by Twilio: {reason}"),
        Outcome::DeadLetter => "✗ dead letter".to_owned(),
        Outcome::Erased => "– nothing sent: the event is from before an erasure".to_owned(),
    }
}
