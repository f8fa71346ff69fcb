//! `worker unknown`: outcomes that nobody knows.

use std::process::ExitCode;

use shared::{amqp::install_crypto, config::Env, phone::E164};
use uuid::Uuid;

use super::open;
use crate::{
    config::Config,
    exit::{Failure, SOME_FAILED, UNREACHABLE},
    store::parked::{self, Decision, Open},
    twilio::{Client, MessageSid, MessageStatus},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show every unknown outcome, oldest first
    List,
    /// It is this message at Twilio; its status is fetched
    Adopt {
        /// The message's SID
        sid: String,
        #[command(flatten)]
        verdict: Verdict,
    },
    /// It went out, but its SID is not known
    MarkSent(Verdict),
    /// It did not go out: make one more attempt
    Reopen(Verdict),
}

#[derive(Debug, clap::Args)]
pub(super) struct Verdict {
    /// The attempt, as shown by `worker unknown list`
    #[arg(long)]
    attempt: Uuid,
    /// How you know; kept in the audit log
    #[arg(long)]
    reason: String,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let (verdict, decision) = match command {
        Command::List => return list(&pool).await,
        Command::Adopt { sid, verdict } => (verdict, fetch(sid, &find(&pool, verdict).await?).await?),
        Command::MarkSent(verdict) => (verdict, Decision::MarkSent),
        Command::Reopen(verdict) => (verdict, Decision::Reopen),
    };
    let attempt = find(&pool, verdict).await?;
    let actor = open::actor(verdict.actor.as_deref());
    let done =
        parked::decide(&pool, &attempt, &decision, &actor, &verdict.reason).await.map_err(open::failed)?;
    println!("{}", if done { "settled" } else { "a definite answer came first; nothing was changed" });
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
}

async fn list(pool: &sqlx::PgPool) -> Result<ExitCode, Failure> {
    let open = parked::list(pool).await.map_err(open::failed)?;
    println!("attempt\tuser\tnumber\tclaimed\tchecks\tstate");
    for row in &open {
        let number = E164::parse(&row.phone_e164).map_or_else(|_| "?".to_owned(), |n| n.masked());
        let state = if row.parked_at.is_some() { "parked" } else { "being found out" };
        let claimed = row.claimed_at.to_rfc3339();
        println!("{}\t{}\t{number}\t{claimed}\t{}\t{state}", row.message_id, row.user_id, row.checks);
    }
    eprintln!(
        "{} unknown, {} of them parked",
        open.len(),
        open.iter().filter(|o| o.parked_at.is_some()).count()
    );
    Ok(ExitCode::SUCCESS)
}

async fn find(pool: &sqlx::PgPool, verdict: &Verdict) -> Result<Open, Failure> {
    let found = parked::find(pool, verdict.attempt).await.map_err(open::failed)?;
    found.ok_or_else(|| {
        Failure::new(SOME_FAILED, "no unknown outcome of that attempt; see `worker unknown list`")
    })
}

/// Asks Twilio for the message, so that no mistyped SID is adopted.
async fn fetch(sid: &str, attempt: &Open) -> Result<Decision, Failure> {
    let config = Config::read(Env::of_process())?;
    install_crypto();
    let sid = MessageSid::parse(sid).map_err(|e| Failure::new(2, format!("the SID {e}")))?;
    let client = Client::new(config.twilio.client()?).map_err(|e| Failure::new(1, e))?;
    let record = client.fetch_message(&sid).await.map_err(|e| Failure::new(UNREACHABLE, e))?;
    if record.to.as_deref() != Some(attempt.phone_e164.as_str()) {
        return Err(Failure::new(SOME_FAILED, "that message went to another number; nothing was changed"));
    }
    let status = record.status.unwrap_or_else(|| MessageStatus::parse("accepted"));
    Ok(Decision::Adopt {
        sid: sid.to_string(),
        rank: i16::from(status.rank()),
        status: status.as_str().to_owned(),
    })
}
