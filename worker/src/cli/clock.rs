//! `worker clock`: the calendar of tests.

use std::{process::ExitCode, time::Duration};

use chrono::{SecondsFormat, TimeDelta, Utc};
use shared::config::{Env, any_base_url, is_loopback, settings};
use sqlx::PgPool;

use super::{
    exit::{CONFIGURATION, Failure},
    open,
};
use crate::store::calendar;

const EXAMPLES: &str = "\
Examples:
  worker clock advance 25h    the next day, and an hour more
  worker clock show           how far the calendar is ahead, and its time
  worker clock reset          back to the real clock

For tests alone: with an offset, `worker run` exits with 78 unless TWILIO_API_BASE_URL is this machine. Days, hours, windows,
expiry, gaps and retention follow the calendar; leases, the rate and the breaker keep the real clock.
Exit codes: 0 ok, 2 usage, 69 Postgres unreachable, 78 configuration, or Twilio is not on this machine.";

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
    #[command(before_help = "Examples:\n  worker clock show")]
    Show,
    /// Set the calendar to the real clock
    #[command(before_help = "Examples:\n  worker clock reset")]
    Reset,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    if matches!(command, Command::Advance { .. }) {
        let twilio = any_base_url(&mut env, &settings::TWILIO_API_BASE_URL);
        if !twilio.is_some_and(|url| url.host_str().is_some_and(is_loopback)) {
            return Err(Failure::new(CONFIGURATION, REFUSED));
        }
    }
    let pool = open::database(env).await?;
    let ahead = match command {
        Command::Advance { by } => calendar::advance(&pool, *by).await.map_err(open::failed)?,
        Command::Show => calendar::ahead(&pool).await.map_err(open::failed)?,
        Command::Reset => {
            calendar::reset(&pool).await.map_err(open::failed)?;
            Duration::ZERO
        }
    };
    println!("{}", describe(ahead));
    Ok(ExitCode::SUCCESS)
}

const REFUSED: &str = "the clock is moved only in tests: TWILIO_API_BASE_URL must name this machine, such as http://127.0.0.1:4010";

/// A database that does not answer so soon is waited for by the worker, which then looks again.
const SOON: Duration = Duration::from_secs(2);

/// Refuses to run with a moved calendar where messages would reach people.
pub(super) async fn refuse_offset(pool: &PgPool, twilio: &url::Url) -> Result<(), Failure> {
    if twilio.host_str().is_some_and(is_loopback) {
        return Ok(());
    }
    // A database that cannot be reached or is not migrated yet is waited for by `worker run`, and has no offset.
    match tokio::time::timeout(SOON, calendar::ahead(pool)).await {
        Ok(Ok(ahead)) if ahead > Duration::ZERO => {
            let what = format!(
                "{}. Set it back with `worker clock reset`, or point TWILIO_API_BASE_URL at this machine",
                describe(ahead)
            );
            Err(Failure::new(CONFIGURATION, what))
        }
        _ => Ok(()),
    }
}

fn describe(ahead: Duration) -> String {
    let now = Utc::now() + TimeDelta::from_std(ahead).unwrap_or_default();
    let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
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
