//! `worker unknown settle`: all unknown outcomes of a period, after an outage.

use std::{process::ExitCode, sync::Arc};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    amqp::install_crypto,
    cli::{
        Exit, Failure, Progress, TimeArgument,
        output::{self, Output, Record},
    },
    config::Env,
};
use sqlx::PgPool;

use crate::{
    channels::{Channels, Sms, Whatsapp},
    cli::{bulk::Bulk, open},
    config::Config,
    reconcile::{
        bulk_settle::{BulkResult, BulkSettle, Counts, Order},
        evidence::NoEvidence,
        meanings::FallbackRule,
    },
    store::unknown::UnknownAttempt,
    twilio::Client,
};

const EXAMPLES: &str = "\
Examples:
  worker unknown settle --since 2026-11-25T10:00:00+05:45 --until 2026-11-25T11:00:00+05:45 --dry-run
  worker unknown settle --since 3h --until 1h --reason 'outage at Twilio' --yes
  worker unknown settle --since 3h --until 1h --reopen-absent --reason 'outage at Twilio'

The command asks Twilio for the messages to each number, at most five times a second, and adopts a message that it finds.
With --reopen-absent, a user whose number has no message 15 minutes after the claim gets one more attempt. If two
messages could be the right one, or the list is incomplete, the outcome stays unknown.
Exit codes: 0 all are settled, 3 some remain, 69 Twilio cannot be reached: run the command again.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    bulk: Bulk,
    /// Only attempts claimed before this time, in the forms of --since
    #[arg(long, value_name = "TIME", help_heading = "Selection")]
    until: TimeArgument,
    /// Allow one more attempt if Twilio's complete list contains no message
    #[arg(long)]
    reopen_absent: bool,
}

impl Arguments {
    fn order(&self, now: DateTime<Utc>) -> Result<Order, Failure> {
        let (since, until) = (self.bulk.since(now), self.until.before(now));
        if since >= until {
            return Err(Failure::usage("--since must be earlier than --until"));
        }
        Ok(Order {
            since,
            until,
            reopen_absent: self.reopen_absent,
            dry_run: self.bulk.dry_run,
            actor: self.bulk.actor(),
            reason: self.bulk.reason().to_owned(),
        })
    }
}

pub(super) async fn run(pool: &PgPool, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let order = arguments.order(Utc::now())?;
    let config = Config::read(Env::of_process())?;
    install_crypto();
    let client = Client::new(config.twilio.client()?).map_err(Failure::unexpected)?;
    let whatsapp = config.whatsapp.sender.clone().map(Whatsapp::new);
    let channels = Channels::new(Sms::new(config.twilio.sender()?.clone()), whatsapp);
    let meanings = Arc::new(FallbackRule::of(&config.whatsapp));
    let bulk = BulkSettle::new(pool.clone(), client, channels, meanings);
    let unsettled = bulk.find(&order).await.map_err(Failure::statement)?;
    let found = unsettled.attempts.len();
    if found > 0 && !order.dry_run && !confirmed(&arguments.bulk, &order, found)? {
        eprintln!("nothing was changed");
        return Ok(Exit::Interrupted.into());
    }
    if !order.dry_run {
        bulk.note(&order, found).await.map_err(Failure::statement)?;
    }
    let (mut rows, mut counts) = (Vec::with_capacity(found), Counts::default());
    let mut progress = Progress::new("outcomes settled", found as u64, false);
    let mut failure = None;
    for doubt in &unsettled.attempts {
        match bulk.settle(doubt, unsettled.as_of, &order).await {
            Ok(settled) => {
                counts.add(settled);
                // Text output shows only the outcomes that remain.
                if !settled.is_settled() || arguments.bulk.output != Output::Text {
                    rows.push(Row::of(doubt, settled));
                }
                progress.set(counts.all() as u64);
            }
            Err(NoEvidence::Database(error)) => failure = Some(Failure::statement(error)),
            Err(NoEvidence::Twilio(fault)) => {
                let message =
                    format!("{fault}; the other outcomes are still unknown: run the command again later");
                failure = Some(Failure::unreachable(message));
            }
        }
        if failure.is_some() {
            break;
        }
    }
    drop(progress);
    if !rows.is_empty() || arguments.bulk.output != Output::Text {
        output::print(&output::records("unknown-settle/1", &rows, arguments.bulk.output)?)?;
    }
    let would = if order.dry_run { "dry run, nothing was changed: " } else { "" };
    eprintln!("{would}{} of {found} unknown outcomes: {}", counts.all(), counts.summary());
    match failure {
        Some(failure) => Err(failure),
        None => Ok(Exit::all_done(counts.remaining() == 0).into()),
    }
}

fn confirmed(bulk: &Bulk, order: &Order, found: usize) -> Result<bool, Failure> {
    let reopen = if order.reopen_absent { ", and reopen those without a message at Twilio" } else { "" };
    let (since, until) = (output::time(order.since), output::time(order.until));
    bulk.confirmed(
        &format!("Settle {found} unknown outcomes claimed from {since} to {until}{reopen}?"),
        &format!("this settles {found} unknown outcomes"),
    )
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Row {
    attempt: String,
    user: String,
    /// Masked.
    number: String,
    claimed: DateTime<Utc>,
    result: &'static str,
}

impl Row {
    fn of(doubt: &UnknownAttempt, settled: BulkResult) -> Self {
        Self {
            attempt: doubt.attempt.to_string(),
            user: doubt.user_id.clone(),
            number: open::masked(&doubt.phone_e164),
            claimed: doubt.claimed_at,
            result: settled.as_str(),
        }
    }
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["attempt", "user", "number", "claimed", "result"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.attempt.clone(),
            self.user.clone(),
            self.number.clone(),
            output::time(self.claimed),
            self.result.to_owned(),
        ]
    }
}
