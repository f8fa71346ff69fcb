//! `worker person set`: enters what a user told staff.

use std::{process::ExitCode, str::FromStr};

use shared::{
    cli::{Actor, Exit, Failure},
    config::Env,
    domain::{Cadence, CalendarDate, Change, TimeZone, TipsHour},
    events::ProfileChanged,
    phone::NumberPolicy,
    templates::Language,
};

use super::user_argument::parse;
use crate::{
    cli::open,
    store::{profile_entry, profiles::Applied},
};

const EXAMPLES: &str = "\
Examples:
  worker person set 1042 --child-birth-date 2026-11-20 --reason 'told by phone'
  worker person set 1042 --due-date none --language en --time-zone Asia/Dubai --reason 'asked by the user'

`none` removes a value. What the portal says later counts again.
Exit codes: 0 done, 2 a value cannot be read, 3 unknown user, or the portal's data is newer.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
#[group(id = "values", multiple = true)]
pub(in crate::cli) struct Arguments {
    /// The portal's id of the user
    user: String,
    /// When the child was born, YYYY-MM-DD
    #[arg(long, value_name = "DATE", group = "values", value_parser = value::<CalendarDate>)]
    child_birth_date: Option<Change<CalendarDate>>,
    /// When the child is due, YYYY-MM-DD
    #[arg(long, value_name = "DATE", group = "values", value_parser = value::<CalendarDate>)]
    due_date: Option<Change<CalendarDate>>,
    /// ne or en
    #[arg(long, group = "values", value_parser = value::<Language>)]
    language: Option<Change<Language>>,
    /// A name of the IANA database, such as Asia/Kathmandu
    #[arg(long, value_name = "ZONE", group = "values", value_parser = zone)]
    time_zone: Option<Change<TimeZone>>,
    /// 07:00, 12:00 or 18:00
    #[arg(long, value_name = "TIME", group = "values", value_parser = value::<TipsHour>)]
    tips_hour: Option<Change<TipsHour>>,
    /// daily, twice_weekly or weekly
    #[arg(long, group = "values", value_parser = value::<Cadence>)]
    cadence: Option<Change<Cadence>>,
    /// How you know; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

/// A value, or `none`.
fn value<T: FromStr<Err: ToString>>(text: &str) -> Result<Change<T>, String> {
    match text {
        "none" => Ok(Change::Clear),
        text => text.parse().map(Change::Set).map_err(|why: T::Err| why.to_string()),
    }
}

fn zone(text: &str) -> Result<Change<TimeZone>, String> {
    match (text, TimeZone::read(text)) {
        ("none", _) => Ok(Change::Clear),
        (_, zone @ TimeZone::Known(_)) => Ok(Change::Set(zone)),
        (_, TimeZone::Invalid) => Err("not a zone of the IANA database, such as Asia/Kathmandu".to_owned()),
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let user = parse(&arguments.user)?;
    let mut change = ProfileChanged::new(user);
    let profile = &mut change.profile;
    profile.child_birth_date = arguments.child_birth_date.unwrap_or_default();
    profile.due_date = arguments.due_date.unwrap_or_default();
    profile.time_zone = arguments.time_zone.unwrap_or_default();
    profile.tips_hour = arguments.tips_hour.unwrap_or_default();
    profile.cadence = arguments.cadence.unwrap_or_default();
    change.language = arguments.language.unwrap_or_default().map(|language| language.as_str().to_owned());
    if change.language.is_keep() && change.profile.is_empty() {
        return Err(Failure::usage("nothing to set: name at least one value, such as --due-date"));
    }
    let mut env = Env::of_process();
    let numbers = NumberPolicy::read(&mut env);
    let pool = open::database(env).await?;
    let by = (&*arguments.actor.name(), &*arguments.reason);
    match profile_entry::enter(&pool, &numbers, &change, by).await.map_err(Failure::statement)? {
        None => eprintln!("no such user is stored"),
        Some(Applied::Older) => {
            eprintln!("the stored data is newer than the clock of this machine: check its clock");
        }
        Some(Applied::Yes) => {
            println!("{} done", change.user_id);
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(Exit::SomeFailed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_removes_a_value_and_a_bad_one_is_refused() {
        assert_eq!(value::<CalendarDate>("none"), Ok(Change::Clear));
        assert!(matches!(value::<CalendarDate>("2026-11-20"), Ok(Change::Set(_))));
        assert!(value::<CalendarDate>("20.11.2026").is_err() && value::<Cadence>("hourly").is_err());
        assert!(matches!(zone("Asia/Dubai"), Ok(Change::Set(TimeZone::Known(_)))));
        assert_eq!(zone("none"), Ok(Change::Clear));
        assert!(zone("Mars/Base").unwrap_err().contains("IANA"));
    }
}
