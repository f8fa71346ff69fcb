//! `worker recover`: what a restored database has forgotten.

use std::{collections::HashSet, process::ExitCode};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::{amqp::install_crypto, config::Env, lane::Lane, phone::E164};
use sqlx::PgPool;

use super::{
    bulk::Bulk,
    open,
    output::{self, Output, Record},
};
use crate::{
    config::Config,
    exit::{Failure, INTERRUPTED, UNREACHABLE, USAGE},
    store::{
        pauses,
        recover::{self, Found},
    },
    twilio::{Client, MessageRecord, Pace, Sender},
};

const EXAMPLES: &str = "\
Examples:
  worker recover --since 2026-11-25T02:00:00+05:45 --dry-run
  worker recover --since 2026-11-25T02:00:00+05:45 --reason 'restored the backup of two o''clock'

A database that was restored, or that failed over to a standby behind it, does not know the latest messages, and would
text their users again. Take a time before the backup was made. Twilio is asked for every message since then, at most five pages a second, and those that the
database does not know are recorded: their numbers are not texted again. Both lanes must be paused: `worker pause`.
Wait 15 minutes after the last message before you run it, because Twilio's list lags behind.
Exit code 69: Twilio cannot be reached; what was recorded stays so, run it again.";

/// Twilio allows more.
const REQUESTS_PER_SECOND: u32 = 5;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    bulk: Bulk,
}

pub(super) async fn run(Arguments { bulk }: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let config = Config::read(Env::of_process())?;
    let since = bulk.since(Utc::now());
    if !bulk.dry_run {
        all_paused(&pool).await?;
        let question = format!("Record the messages since {} that are not known?", output::time(since));
        if !bulk.confirmed(&question, "this records messages")? {
            eprintln!("nothing was changed");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    install_crypto();
    let client = Client::new(config.twilio.client()?).map_err(|e| Failure::new(1, e))?;
    let search = Search { pool: &pool, sender: config.twilio.sender()?, dry_run: bulk.dry_run };
    if !bulk.dry_run {
        let noted = recover::note(&pool, since, &bulk.actor(), bulk.reason()).await;
        noted.map_err(open::failed)?;
    }
    let (pace, mut pages) = (Pace::per_second(REQUESTS_PER_SECOND), client.list_messages(since));
    let (mut rows, mut seen) = (Vec::new(), 0);
    let ended = loop {
        match pages.next(&pace).await {
            Ok(Some(messages)) => {
                seen += messages.len();
                rows.extend(search.page(messages).await.map_err(open::failed)?);
            }
            Ok(None) => break Ok(()),
            Err(fault) => break Err(Failure::new(UNREACHABLE, format!("{fault}; run it again"))),
        }
    };
    if !rows.is_empty() || bulk.output != Output::Human {
        output::print(&output::records("recover/1", &rows, bulk.output)?)?;
    }
    let end = if bulk.dry_run { "would be recorded; nothing was changed" } else { "recorded" };
    eprintln!("{seen} messages at Twilio, {} of them not known: {end}", rows.len());
    ended.map(|()| ExitCode::SUCCESS)
}

/// While a lane runs, it may text a number whose message is about to be found.
async fn all_paused(pool: &PgPool) -> Result<(), Failure> {
    let paused = pauses::current(pool).await.map_err(open::failed)?;
    if Lane::ALL.iter().all(|lane| paused.iter().any(|p| p.lane == *lane)) {
        return Ok(());
    }
    Err(Failure::new(USAGE, "pause both lanes first: `worker pause --reason …`"))
}

struct Search<'a> {
    pool: &'a PgPool,
    sender: &'a Sender,
    dry_run: bool,
}

impl Search<'_> {
    /// Records what is not known of these; returns it.
    async fn page(&self, messages: Vec<MessageRecord>) -> Result<Vec<Row>, sqlx::Error> {
        let sent: Vec<Found> = messages.into_iter().filter_map(|m| found(m, self.sender)).collect();
        let phones: Vec<&str> = sent.iter().map(|f| f.phone.as_str()).collect();
        let mut taken: HashSet<String> = recover::blocked(self.pool, &phones).await?.into_iter().collect();
        let unknown: Vec<&Found> = sent.iter().filter(|f| taken.insert(f.phone.clone())).collect();
        if unknown.is_empty() || self.dry_run {
            return Ok(unknown.into_iter().map(Row::of).collect());
        }
        let recorded = recover::record(self.pool, &unknown).await?;
        Ok(unknown.into_iter().filter(|f| recorded.contains(&f.sid)).map(Row::of).collect())
    }
}

/// One that our sender sent to a number.
fn found(message: MessageRecord, sender: &Sender) -> Option<Found> {
    let ours = match sender {
        Sender::Service(sid) => message.messaging_service_sid.as_ref() == Some(sid),
        Sender::From(from) => message.from.as_ref() == Some(from),
    };
    let (sid, status) = (message.sid?, message.status?);
    Some(Found {
        sid: sid.to_string(),
        phone: E164::parse(message.to.as_deref()?).ok().filter(|_| ours)?.as_str().to_owned(),
        rank: i16::from(status.rank()),
        status: status.as_str().to_owned(),
        error_code: message.error_code.and_then(|c| i32::try_from(c).ok()),
        body_sha256: Sha256::digest(message.body.unwrap_or_default()).into(),
        segments: message.segments.and_then(|n| i16::try_from(n).ok()).unwrap_or(1),
        created_at: message.date_created?,
    })
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Row {
    sid: String,
    /// Masked.
    number: String,
    created: DateTime<Utc>,
    status: String,
}

impl Row {
    fn of(found: &Found) -> Self {
        Self {
            sid: found.sid.clone(),
            number: open::masked(&found.phone),
            created: found.created_at,
            status: found.status.clone(),
        }
    }
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["sid", "number", "created", "status"];

    fn cells(&self) -> Vec<String> {
        vec![self.sid.clone(), self.number.clone(), output::time(self.created), self.status.clone()]
    }
}
