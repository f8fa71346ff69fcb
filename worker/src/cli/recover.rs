//! `worker recover`: records the messages that a restored database lacks.

use std::{collections::HashSet, process::ExitCode};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::{
    amqp::install_crypto,
    cli::{
        Exit, Failure,
        output::{self, Output, Record},
    },
    config::Env,
    erasure::{ErasureKey, check_key},
    lane::QueueLane,
    phone::E164,
    templates,
};
use sqlx::PgPool;

use super::{bulk::Bulk, open, person::wrong_key};
use crate::{
    channels::{Channels, Sms, Whatsapp},
    config::Config,
    reconcile::meanings::FallbackRule,
    store::{
        pauses,
        recover::{self, Found},
    },
    twilio::{Client, MessageRecord, Pace},
};

const EXAMPLES: &str = "\
Examples:
  worker recover --since 2026-11-25T02:00:00+05:45 --dry-run
  worker recover --since 2026-11-25T02:00:00+05:45 --reason 'restored the backup of 02:00'

A database that was restored, or that failed over to a standby behind it, lacks the latest messages, and the worker would
text their users again. Give a time before the backup was made. The command asks Twilio for every message since then, at
most five pages a second, and records the welcomes that the database lacks, so that their numbers are not texted again.
Numbers of erased users are left out. It counts but does not record other messages of the sender, such as codes and
reminders, and welcomes in the wording of another release; --output csv lists them. Of WhatsApp, Twilio does not list the
text: the first unknown message to a number that has no welcome counts as the welcome.
Both lanes must be paused without an end until the command has finished: `worker pause`. Wait 15 minutes after the last
message before you run it, because Twilio's list lags behind.
Exit codes: 2 a lane is not paused, or its pause has an end; 69 Twilio cannot be reached: run the command again. Messages
that were recorded before stay recorded.";

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
        let question = format!("Record the unknown messages since {}?", output::time(since));
        if !bulk.confirmed(&question, "this records messages")? {
            eprintln!("nothing was changed");
            return Ok(Exit::Interrupted.into());
        }
    }
    install_crypto();
    let client = Client::new(config.twilio.client()?).map_err(Failure::unexpected)?;
    let key = config.erasure.as_ref();
    check_key(&pool, key).await.map_err(wrong_key)?;
    let whatsapp = config.whatsapp.sender.clone().map(Whatsapp::new);
    let search = Search {
        pool: &pool,
        channels: Channels::new(Sms::new(config.twilio.sender()?.clone()), whatsapp),
        meanings: FallbackRule::of(&config.whatsapp),
        key,
        dry_run: bulk.dry_run,
    };
    if !bulk.dry_run {
        let noted = recover::note(&pool, since, &bulk.actor(), bulk.reason()).await;
        noted.map_err(Failure::statement)?;
    }
    let (pace, mut pages) = (Pace::per_second(REQUESTS_PER_SECOND), client.list_messages(since));
    let (mut rows, mut seen) = (Vec::new(), 0);
    let ended = loop {
        match pages.next(&pace).await {
            Ok(Some(messages)) => {
                seen += messages.len();
                match search.page(messages).await {
                    Ok(found) => rows.extend(found),
                    Err(failure) => break Err(failure),
                }
            }
            Ok(None) => break Ok(()),
            Err(fault) => break Err(Failure::unreachable(format!("{fault}; run the command again"))),
        }
    };
    let others = rows.iter().filter(|row| row.result == OTHER).count();
    let welcomes = rows.len() - others;
    if bulk.output == Output::Text {
        rows.retain(|row| row.result != OTHER);
    }
    if !rows.is_empty() || bulk.output != Output::Text {
        output::print(&output::records("recover/1", &rows, bulk.output)?)?;
    }
    let end = if bulk.dry_run { "would be recorded; nothing was changed" } else { "recorded" };
    eprintln!("{seen} messages at Twilio, {welcomes} of them not known: {end}");
    if others > 0 {
        eprintln!("{others} other messages of this sender, not recorded");
    }
    ended.map(|()| ExitCode::SUCCESS)
}

/// A lane that runs could text a number whose message is found a moment later.
async fn all_paused(pool: &PgPool) -> Result<(), Failure> {
    let paused = pauses::current(pool).await.map_err(Failure::statement)?;
    if QueueLane::ALL.iter().all(|lane| paused.iter().any(|p| p.lane == lane.lane() && p.ends_at.is_none())) {
        return Ok(());
    }
    Err(Failure::usage("pause both lanes first, without an end: `worker pause --reason …`"))
}

struct Search<'a> {
    pool: &'a PgPool,
    channels: Channels,
    meanings: FallbackRule,
    /// Of the digests of erased people.
    key: Option<&'a ErasureKey>,
    dry_run: bool,
}

impl Search<'_> {
    /// Records the unknown welcomes of this page. Returns them and the other messages of the sender.
    async fn page(&self, messages: Vec<MessageRecord>) -> Result<Vec<Row>, Failure> {
        // An operator may have lifted a pause since the last page.
        if !self.dry_run {
            all_paused(self.pool).await?;
        }
        let sent = messages.into_iter().filter_map(|message| found(message, &self.channels));
        let (welcomes, others): (Vec<_>, Vec<_>) = sent.partition(|(_, is_welcome)| *is_welcome);
        let (welcomes, others) = (firsts(welcomes), firsts(others));
        let mut rows = self.welcomes(&welcomes).await.map_err(Failure::statement)?;
        rows.extend(others.iter().map(|other| Row::of(other, OTHER)));
        Ok(rows)
    }

    async fn welcomes(&self, found: &[Found]) -> Result<Vec<Row>, sqlx::Error> {
        let phones: Vec<&str> = found.iter().map(|f| f.phone.as_str()).collect();
        let sids: Vec<&str> = found.iter().map(|f| f.sid.as_str()).collect();
        let known: HashSet<String> = recover::known(self.pool, &phones, &sids).await?.into_iter().collect();
        let mut taken: HashSet<String> =
            recover::blocked(self.pool, self.key, &phones).await?.into_iter().collect();
        let new = found.iter().filter(|f| !known.contains(&f.sid));
        let unknown: Vec<&Found> = new.filter(|f| taken.insert(f.phone.clone())).collect();
        if unknown.is_empty() || self.dry_run {
            return Ok(unknown.into_iter().map(|f| Row::of(f, WOULD_BE_RECORDED)).collect());
        }
        let recorded = recover::record(self.pool, &unknown, &self.meanings).await?;
        let recorded = unknown.into_iter().filter(|f| recorded.contains(&f.sid));
        Ok(recorded.map(|f| Row::of(f, RECORDED)).collect())
    }
}

fn firsts(found: Vec<(Found, bool)>) -> Vec<Found> {
    found.into_iter().map(|(found, _)| found).collect()
}

/// A message that one of our senders sent, and whether it is a welcome. The text of a template is Twilio's, so every message by
/// WhatsApp counts as one: rather no welcome than a second one.
fn found(message: MessageRecord, channels: &Channels) -> Option<(Found, bool)> {
    let channel = channels.of_address(message.to.as_deref()?);
    if !message.is_outbound() || !channel.is_ours(&message) {
        return None;
    }
    let number = message.to.as_deref()?.strip_prefix(channel.prefix())?;
    let phone = E164::parse(number).ok()?.as_str().to_owned();
    let (sid, status, body) = (message.sid?, message.status?, message.body.unwrap_or_default());
    let is_welcome =
        channel.name() == shared::domain::Channel::Whatsapp.as_str() || templates::is_welcome(&body);
    let found = Found {
        sid: sid.to_string(),
        channel: channel.name(),
        phone,
        rank: i16::from(status.rank()),
        status: status.as_str().to_owned(),
        error_code: message.error_code.and_then(|c| i32::try_from(c).ok()),
        body_sha256: Sha256::digest(&body).into(),
        segments: message.segments.and_then(|n| i16::try_from(n).ok()).unwrap_or(1),
        created_at: message.date_created?,
    };
    Some((found, is_welcome))
}

const RECORDED: &str = "recorded";
const WOULD_BE_RECORDED: &str = "would be recorded";
const OTHER: &str = "other message";

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Row {
    sid: String,
    /// Masked.
    number: String,
    created: DateTime<Utc>,
    status: String,
    result: &'static str,
}

impl Row {
    fn of(found: &Found, result: &'static str) -> Self {
        Self {
            sid: found.sid.clone(),
            number: open::masked(&found.phone),
            created: found.created_at,
            status: found.status.clone(),
            result,
        }
    }
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["sid", "number", "created", "status", "result"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.sid.clone(),
            self.number.clone(),
            output::time(self.created),
            self.status.clone(),
            self.result.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use shared::templates::Language;

    use super::*;
    use crate::twilio::{MessageSid, MessageStatus, Sender};

    fn message(body: &str, direction: Option<&str>) -> MessageRecord {
        MessageRecord {
            sid: MessageSid::parse(&format!("SM{:032x}", 1)).ok(),
            to: Some("+9779841234567".to_owned()),
            from: Some("AAMCARE".to_owned()),
            direction: direction.map(str::to_owned),
            messaging_service_sid: None,
            body: Some(body.to_owned()),
            status: Some(MessageStatus::Delivered),
            error_code: None,
            segments: Some(1),
            media: None,
            date_created: Some(DateTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn only_outbound_messages_of_our_sender_with_the_text_of_a_welcome_are_welcomes() {
        let of = |from: &str| Channels::new(Sms::new(Sender::From(from.to_owned())), None);
        let (ours, theirs) = (of("AAMCARE"), of("OTHER"));
        let is_welcome = |body: &str, direction, channels| {
            found(message(body, direction), channels).map(|(_, welcome)| welcome)
        };
        for language in Language::ALL {
            let own = templates::welcome_with_address(language, "aamcare.np/s/PCWDDR9B5");
            let body = templates::welcome(language).content().text().unwrap();
            assert_eq!(is_welcome(body, Some("outbound-api"), &ours), Some(true));
            assert_eq!(is_welcome(body, None, &ours), Some(true));
            assert_eq!(is_welcome(own.content().text().unwrap(), None, &ours), Some(true), "{language}");
            assert_eq!(is_welcome(body, Some("inbound"), &ours), None);
            assert_eq!(is_welcome(body, Some("outbound-api"), &theirs), None);
        }
        assert_eq!(is_welcome("Aamcare: your code is 123456", Some("outbound-api"), &ours), Some(false));
    }

    #[test]
    fn a_message_by_whatsapp_of_our_sender_is_a_welcome_whatever_its_text() {
        let from = "whatsapp:+14155238886".to_owned();
        let whatsapp = Some(Whatsapp::new(Sender::From(from.clone())));
        let channels = Channels::new(Sms::new(Sender::From("AAMCARE".to_owned())), whatsapp);
        let to = Some("whatsapp:+9779841234567".to_owned());
        let ours = MessageRecord { to, from: Some(from), ..message("", None) };
        let (found, is_welcome) = found(ours.clone(), &channels).unwrap();
        assert_eq!((found.channel, found.phone.as_str(), is_welcome), ("whatsapp", "+9779841234567", true));
        let theirs = MessageRecord { from: Some("AAMCARE".to_owned()), ..ours };
        assert!(super::found(theirs, &channels).is_none());
    }
}
