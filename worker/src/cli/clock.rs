//! `worker clock`: moves the calendar ahead in tests.

use std::{process::ExitCode, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Failure,
        output::{self, Output, Record},
    },
    config::{Env, any_base_url, is_loopback, settings},
};
use sqlx::PgPool;

use super::open;
use crate::store::calendar;

const EXAMPLES: &str = "\
Examples:
  worker clock advance 25h    one day and one hour ahead
  worker clock show           how far the calendar is ahead, and its time
  worker clock reset          back to the real clock

Only for tests: with an offset, `worker run` exits with 78 unless TWILIO_API_BASE_URL names this machine. Days, hours, windows,
expiry, gaps and retention follow the calendar; leases, the rate and the breaker keep the real clock.
Exit codes: 0 ok, 2 usage, 69 Postgres unreachable, 78 configuration, or TWILIO_API_BASE_URL names another machine.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Move the calendar ahead
    #[command(before_help = "Examples:\n  worker clock advance 25h")]
    Advance {
        /// By how much, such as `90m`, `25h` or `3d`
        #[arg(value_parser = humantime::parse_duration)]
        by: Duration,
    },
    /// Show how far the calendar is ahead
    #[command(before_help = "Examples:\n  worker clock show\n  worker clock show --output json")]
    Show {
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// Set the calendar to the real clock
    #[command(before_help = "Examples:\n  worker clock reset")]
    Reset,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    if matches!(command, Command::Advance { .. }) {
        let twilio = any_base_url(&mut env, &settings::TWILIO_API_BASE_URL);
        if !twilio.is_some_and(|url| url.host_str().is_some_and(is_loopback)) {
            return Err(Failure::configuration(REFUSED));
        }
    }
    let pool = open::database(env).await?;
    let ahead = match command {
        Command::Advance { by } => calendar::advance(&pool, *by).await.map_err(Failure::statement)?,
        Command::Show { .. } => calendar::ahead(&pool).await.map_err(Failure::statement)?,
        Command::Reset => {
            calendar::reset(&pool).await.map_err(Failure::statement)?;
            Duration::ZERO
        }
    };
    match command {
        Command::Show { output } if *output != Output::Text => {
            output::print(&output::records("clock/1", &[Clock::new(ahead)], *output)?)?;
        }
        _ => println!("{}", describe(ahead)),
    }
    Ok(ExitCode::SUCCESS)
}

const REFUSED: &str = "the clock is moved only in tests: set TWILIO_API_BASE_URL to this machine, such as http://127.0.0.1:4010";

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Clock {
    ahead_seconds: u64,
    now: DateTime<Utc>,
}

impl Clock {
    fn new(ahead: Duration) -> Self {
        Self {
            ahead_seconds: ahead.as_secs(),
            now: Utc::now() + TimeDelta::from_std(ahead).unwrap_or_default(),
        }
    }
}

impl Record for Clock {
    const COLUMNS: &'static [&'static str] = &["ahead_seconds", "now"];

    fn cells(&self) -> Vec<String> {
        vec![self.ahead_seconds.to_string(), output::time(self.now)]
    }
}

/// A database that does not answer so soon is waited for by the worker, which then looks again.
const SOON: Duration = Duration::from_secs(2);

/// Refuses to run with a moved calendar where messages would reach people.
pub(super) async fn refuse_offset(pool: &PgPool, twilio: &url::Url) -> Result<(), Failure> {
    if twilio.host_str().is_some_and(is_loopback) {
        return Ok(());
    }
    // A database that is not migrated yet holds no offset. `worker run` waits for one that cannot be reached.
    match tokio::time::timeout(SOON, calendar::ahead(pool)).await {
        Ok(Ok(ahead)) if ahead > Duration::ZERO => {
            let what = format!(
                "{}. Set it back with `worker clock reset`, or point TWILIO_API_BASE_URL at this machine",
                describe(ahead)
            );
            Err(Failure::configuration(what))
        }
        _ => Ok(()),
    }
}

fn describe(ahead: Duration) -> String {
    let now = output::time(Clock::new(ahead).now);
    if ahead.is_zero() {
        return format!("the calendar follows the real clock: {now}");
    }
    let ahead = humantime::format_duration(Duration::from_secs(ahead.as_secs()));
    format!("the calendar is {ahead} ahead of the real clock: {now}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::world::World;

    #[tokio::test]
    async fn an_offset_adds_up_and_is_refused_where_messages_would_reach_people() {
        let world = World::create().await;
        let (twilio, here) =
            ("https://api.twilio.com".parse().unwrap(), "http://127.0.0.1:1".parse().unwrap());
        assert!(refuse_offset(&world.pool, &twilio).await.is_ok());
        let hour = Duration::from_secs(3600);
        calendar::advance(&world.pool, hour).await.unwrap();
        assert_eq!(calendar::advance(&world.pool, hour * 24).await.unwrap(), hour * 25);
        assert!(refuse_offset(&world.pool, &here).await.is_ok());
        assert!(refuse_offset(&world.pool, &twilio).await.is_err());
        assert!(describe(hour * 25).starts_with("the calendar is 1day 1h ahead of the real clock: "));
        calendar::reset(&world.pool).await.unwrap();
        assert!(refuse_offset(&world.pool, &twilio).await.is_ok());
        world.end().await;
    }
}
