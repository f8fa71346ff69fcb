//! `worker register`: one number through the whole pipeline. The way to try credentials.

use std::{
    io::{self, BufRead},
    process::ExitCode,
};

use chrono::Utc;
use shared::{
    amqp::install_crypto,
    config::Env,
    domain::{Reason, UserId},
    events::{self, Signup},
    lane::QueueLane,
    phone, telemetry, templates,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{ask, open};
use crate::{
    app::{Parts, Pools},
    cli::exit::{CONFIGURATION, Failure, INTERRUPTED, SOME_FAILED, UNREACHABLE, USAGE},
    config::Config,
    facts::Arrival,
    pipeline::{self, Inbound, Outcome},
    store::audit::{self, NewEntry},
    twilio::{self, Client, Preflight, Sender},
};

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker register -            asks before it sends
  echo 98… | worker register --yes -      for scripts

One real message. It obeys everything the worker obeys. Exit codes: 0 sent, 3 not sent, 130 not agreed to.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number, or `-` to read it from standard input (keeps it out of the list of processes)
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Why; kept in the audit log
    #[arg(long, default_value = "")]
    reason: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
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
            return Ok(ExitCode::from(SOME_FAILED));
        }
    };
    println!("1 normalise  ✓ {} ({})", phone.e164.masked(), phone.line_type.as_str());
    let message = templates::welcome(config.audience.language);
    let segments = message.segments();
    println!("2 message    ✓ {} in {}, {} segment(s)", segments.units, message.language(), segments.segments);
    check_twilio(&config).await?;
    if !arguments.yes && !ask::confirmed("Send one welcome to this number?", "this sends a message")? {
        println!("Nothing was sent.");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let pool = open::connect(&config.database).await?;
    let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
    let parts = Parts::new(&config, Pools::of(&pool), stop, &abandon)?;
    let actor = open::actor(arguments.actor.as_deref());
    let subject = phone.e164.masked();
    let deed = NewEntry { actor: &actor, action: "register", subject: &subject, reason: &arguments.reason };
    note(&pool, &deed).await.map_err(open::failed)?;
    parts.throttle.pauses.look(&pool).await.map_err(open::failed)?;
    let user = format!("register-{}", Uuid::now_v7());
    let outcome = pipeline::handle(&parts.pipeline, &inbound(&user, number)?).await;
    let outcome = outcome.map_err(|e| Failure::new(UNREACHABLE, e))?;
    println!("5 pipeline   {}", explain(outcome));
    println!("Recorded as user {user} in the view onboarding_status.");
    Ok(if outcome == Outcome::Sent { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
}

/// Credentials and sender, by calls that text nobody.
async fn check_twilio(config: &Config) -> Result<(), Failure> {
    let client = Client::new(config.twilio.client()?).map_err(|e| Failure::new(CONFIGURATION, e))?;
    match client.preflight().await {
        Preflight::Good => println!("3 credentials ✓ accepted by Twilio"),
        Preflight::Undecided { .. } => {
            println!("3 credentials – this key may not list messages: not checked");
        }
        Preflight::Refused { status, code } => {
            let meaning = code.map_or("", twilio::explain);
            return Err(Failure::new(
                CONFIGURATION,
                format!("Twilio refuses the credentials (HTTP {status}): {meaning}"),
            ));
        }
        Preflight::Unavailable { fault } => return Err(Failure::new(UNREACHABLE, fault)),
    }
    match config.twilio.sender()? {
        Sender::From(_) => println!("4 sender     – a plain sender: only the message can tell"),
        Sender::Service(sid) => match client.fetch_service(sid).await {
            Ok(service) => {
                let name = service.friendly_name.unwrap_or_default();
                println!("4 sender     ✓ Messaging Service {name:?}");
            }
            Err(fault) if fault.is_not_found() => {
                let hint = "Twilio knows no Messaging Service of that SID: mend TWILIO_MESSAGING_SERVICE_SID";
                return Err(Failure::new(CONFIGURATION, hint));
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

/// Before the message: whoever sends it stands for it.
async fn note(pool: &PgPool, deed: &NewEntry<'_>) -> Result<(), sqlx::Error> {
    audit::note(&mut *pool.acquire().await?, deed).await
}

/// The event that the portal would have published.
fn inbound(user: &str, phone: String) -> Result<Inbound, Failure> {
    let user_id = UserId::parse(user).map_err(|e| Failure::new(USAGE, e))?;
    let signup = Signup {
        user_id,
        phone,
        country_hint: None,
        language: None,
        channel: None,
        user_kind: None,
        display_name: None,
    };
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
        Outcome::Unknown => "? no definite answer: the running worker will find out".to_owned(),
        Outcome::Linked | Outcome::Skipped(_) => "– nothing sent: this number has had its welcome".to_owned(),
        Outcome::Rejected(reason) => format!("✗ rejected: {reason}"),
        Outcome::Dropped(reason) => format!("– nothing sent: {reason}"),
        Outcome::OptedOut => "– nothing sent: this number is suppressed".to_owned(),
        Outcome::Deferred(reason) => format!("… nothing sent yet ({reason}): the running worker tries again"),
        Outcome::Failed(Reason::Error(code)) => {
            format!("✗ refused by Twilio, error {code}: {}", twilio::explain(code))
        }
        Outcome::Failed(reason) => format!("✗ refused by Twilio: {reason}"),
        Outcome::DeadLetter => "✗ dead letter".to_owned(),
    }
}
