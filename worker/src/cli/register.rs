//! `worker register`: sends one number through the whole pipeline, for example to test credentials.

mod delivery;
mod permission;
mod steps;
mod template;

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
    domain::{Channel, MessageKind, Reason, UserId},
    events::{self, Signup},
    lane::QueueLane,
    phone::{self, E164},
    telemetry, templates,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::steps::Steps;
use super::open;
use crate::{
    app::{Parts, Pools},
    config::Config,
    facts::Arrival,
    pipeline::{self, Inbound, Outcome},
    store::audit::{self, NewEntry},
    twilio,
};

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker register --yes -      for scripts, and wherever the number is piped in
  worker register 98…                     asks before it sends
  echo 98… | worker register --channel whatsapp --yes -
  echo 98… | worker register --channel whatsapp --grant --reason 'our own phone' --yes -

The command sends one real message, by the same rules as the worker. With --channel it goes by that channel or not at
all: the steps name what is missing, and the last one says whether the message arrived.

A message by WhatsApp needs its owner's consent (`onboarding` on `whatsapp`); so does one by SMS where
CONSENT_FOR_ONBOARDING=required. Without it nothing is sent. If the owner told you that they agree, --grant enters that
before the message: into the ledger, and with --reason into the audit log. It stays there; `worker consent withdraw` takes
it back. A number that stopped messages, or withdrew this consent, gets none in any case.

Exit codes: 0 sent, 3 not sent or not arrived, 130 not confirmed.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number; `-` reads it from standard input, which keeps it out of the process list
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// Send by this channel only, and wait up to 20 s for its delivery: sms or whatsapp
    #[arg(long)]
    channel: Option<Channel>,
    /// Enter that the owner of the number agrees to a welcome by this channel; needs --reason
    #[arg(long, requires = "channel")]
    grant: bool,
    /// A name for a template that shows one
    #[arg(long, value_name = "TEXT", requires = "channel")]
    name: Option<String>,
    #[command(flatten)]
    confirmation: Confirmation,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

/// One number on its way.
struct Trial<'a> {
    arguments: &'a Arguments,
    phone: E164,
    user: UserId,
    actor: String,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.grant && arguments.reason.trim().is_empty() {
        return Err(Failure::usage("--grant needs --reason: say how you know that the owner agrees"));
    }
    let mut config = Config::read(Env::of_process())?;
    if let Some(channel) = arguments.channel {
        config.whatsapp.channels = only(&config, channel)?;
    }
    telemetry::init(config.log_format);
    install_crypto();
    let mut steps = Steps::default();
    let number = read_number(&arguments.number)?;
    let phone = match phone::normalise(&number, config.audience.numbers.region) {
        Ok(phone) => phone,
        Err(why) => {
            steps.failed("normalise", format!("{why}: this number cannot be texted"));
            return Ok(Exit::SomeFailed.into());
        }
    };
    steps.passed("normalise", format!("{} ({})", phone.e164.masked(), phone.line_type.as_str()));
    let user = UserId::parse(&format!("register-{}", Uuid::now_v7())).map_err(Failure::usage)?;
    let trial = Trial { arguments, phone: phone.e164, user, actor: arguments.actor.name() };
    let pool = open::connect(&config.database).await?;
    let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
    let parts = Parts::new(&config, Pools::of(&pool), stop, &abandon)?;
    parts.templates.refresh().await.map_err(Failure::statement)?;
    if !trial.prepare(&mut steps, &config, &parts).await? {
        return Ok(Exit::SomeFailed.into());
    }
    let question = match arguments.channel {
        Some(channel) => format!("Send one welcome to this number by {channel}?"),
        None => "Send one welcome to this number?".to_owned(),
    };
    if !arguments.confirmation.given(&question, "this sends a message")? {
        println!("Nothing was sent.");
        return Ok(Exit::Interrupted.into());
    }
    trial.send(&mut steps, &config, &parts, number).await
}

/// `CHANNELS` with no other channel for welcomes. Fails if it does not allow this one.
fn only(config: &Config, channel: Channel) -> Result<shared::domain::ChannelPlan, Failure> {
    let plan = &config.whatsapp.channels;
    if plan.of(MessageKind::Welcome).lists(channel) {
        return Ok(plan.clone().with_only(MessageKind::Welcome, channel));
    }
    Err(Failure::configuration(format!(
        "CHANNELS does not allow {channel} for welcomes: set CHANNELS='welcome={channel}' for this command, or list it for \
         all workers (docs/whatsapp.md)"
    )))
}

impl Trial<'_> {
    /// Everything that can be checked without a message. False: something is missing, and its step says what.
    async fn prepare(&self, steps: &mut Steps, config: &Config, parts: &Parts) -> Result<bool, Failure> {
        match self.arguments.channel {
            Some(Channel::Whatsapp) => {
                steps.passed("channel", "whatsapp, and no other for this message");
                let name = self.arguments.name.as_deref();
                if !template::check(steps, config, parts, &self.user, name).await? {
                    return Ok(false);
                }
            }
            chosen => {
                if chosen.is_some() {
                    steps.passed("channel", "sms, and no other for this message");
                }
                show_text(steps, config);
            }
        }
        steps::credentials(steps, &parts.client).await?;
        match (&config.whatsapp.sender, self.arguments.channel) {
            (Some(sender), Some(Channel::Whatsapp)) => {
                if !steps::whatsapp_sender(steps, &parts.client, sender).await? {
                    return Ok(false);
                }
            }
            _ => steps::sender(steps, &parts.client, config.twilio.sender()?).await?,
        }
        match self.arguments.channel {
            Some(channel) => self.permitted(steps, config, parts, channel).await,
            None => Ok(true),
        }
    }

    async fn send(
        &self,
        steps: &mut Steps,
        config: &Config,
        parts: &Parts,
        number: String,
    ) -> Result<ExitCode, Failure> {
        let pool = &parts.pools.tasks;
        note(pool, self).await.map_err(Failure::statement)?;
        if let Some(channel) = self.arguments.channel.filter(|_| self.arguments.grant)
            && !self.grant(steps, config, pool, channel).await?
        {
            return Ok(Exit::SomeFailed.into());
        }
        parts.throttle.pauses.look(pool).await.map_err(Failure::statement)?;
        // What other workers hold back is held back here as well.
        parts.throttle.breaker.exchange(pool).await.map_err(Failure::statement)?;
        let inbound = self.inbound(number);
        let outcome = pipeline::handle(&parts.pipeline, &inbound, pipeline::decode(&inbound)).await;
        let outcome = outcome.map_err(Failure::unreachable)?;
        steps.said("pipeline", explain(outcome));
        println!("Recorded as user {} in the view onboarding_status.", self.user);
        let mut done = outcome == Outcome::Sent;
        if done && self.arguments.channel.is_some() {
            done = delivery::follow(steps, &parts.client, pool, &self.user).await?;
        }
        Ok(Exit::all_done(done).into())
    }

    /// The event that the portal would have published.
    fn inbound(&self, phone: String) -> Inbound {
        let mut signup = Signup::new(self.user.clone(), phone);
        signup.channel = self.arguments.channel.map(|channel| channel.to_string());
        signup.display_name.clone_from(&self.arguments.name);
        let id = Uuid::now_v7().to_string();
        Inbound {
            screened: shared::amqp::Screened::default(),
            lane: QueueLane::Live,
            body: events::signed_up(&id, "/aamcare/worker-register", Utc::now(), &signup),
            routing_key: "user.signed_up.v1".to_owned(),
            message_id: Some(id),
            published_at: None,
            arrival: Arrival { at: Instant::now(), redelivered: false },
            traceparent: None,
            headers: serde_json::json!({}),
        }
    }
}

fn show_text(steps: &mut Steps, config: &Config) {
    let language = config.audience.language;
    let links = config.stop_links.as_ref();
    let own = links.map(|links| templates::welcome_with_address(language, &links.base.example()));
    let message = own.as_ref().unwrap_or_else(|| templates::welcome(language));
    let segments = message.segments();
    let text = format!("{} in {}, {} segment(s)", segments.units, message.language(), segments.segments);
    steps.passed("message", text);
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
async fn note(pool: &PgPool, trial: &Trial<'_>) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let subject = subject_of_number(&mut connection, &trial.phone).await?;
    let (actor, reason) = (&*trial.actor, &*trial.arguments.reason);
    audit::note(&mut connection, &NewEntry { actor, action: "register", subject: &subject, reason }).await
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
