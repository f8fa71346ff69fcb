//! The options of a run. They are stored with the run, so that a resumed run keeps them.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use clap::builder::PossibleValuesParser;
use producer::{UserKind, cli::TimeArgument};
use serde::{Deserialize, Serialize};
use shared::{domain::UserState, templates::Language};
use uuid::Uuid;

use crate::outcomes::{Canary, Share};

/// Characters of a run id that are shown.
const SHOWN: usize = 8;
const SHORTEST: usize = 4;

/// The options of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunOptions {
    #[serde(flatten)]
    pub(crate) filters: Filters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<Canary>,
}

impl RunOptions {
    /// The options of a resumed run, which may be given another `share`.
    pub(crate) fn resumed(mut self, share: Option<Share>) -> Self {
        if let (Some(canary), Some(share)) = (&mut self.canary, share) {
            canary.share = share;
        }
        self
    }

    /// The flags as typed, each after a blank.
    pub(crate) fn flags(&self) -> String {
        let canary = self.canary.as_ref().map(Canary::flags).unwrap_or_default();
        self.filters.flags() + &canary
    }
}

/// The stored users that a run selects. The run stores its filters for `--resume`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filters {
    /// Only users of this kind.
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// Only users with this language of the welcome.
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(Language::ALL.map(Language::as_str)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
    /// Only users in this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(states()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Only users who signed up then or later: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or
    /// `2h` ago.
    #[arg(long, value_name = "DATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Since>,
    /// Only users whose ids are in FILE, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ids_file: Option<String>,
    /// Enqueue at most N users.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
}

fn kinds() -> [&'static str; 3] {
    [UserKind::PregnantWoman, UserKind::NewMother, UserKind::Other].map(UserKind::as_str)
}

fn states() -> [&'static str; 6] {
    use UserState::{Failed, Received, Registered, Rejected, Stored, Suppressed};
    [Stored, Received, Rejected, Registered, Suppressed, Failed].map(UserState::as_str)
}

impl Filters {
    /// The flags as typed, each after a blank. Empty without filters.
    pub(crate) fn flags(&self) -> String {
        let words = [
            ("kind", self.kind.clone()),
            ("language", self.language.clone()),
            ("state", self.state.clone()),
            ("since", self.since.map(|since| since.to_string())),
            ("ids-file", self.ids_file.as_deref().map(quoted)),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        let given = words.into_iter().filter_map(|(flag, word)| Some(format!(" --{flag} {}", word?)));
        given.collect()
    }
}

/// Quotes a path for a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+:@%".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The time that a [`TimeArgument`] meant when the run was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Since(pub(crate) DateTime<Utc>);

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|time: TimeArgument| Self(time.before(Utc::now())))
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TimeArgument::At(self.0).fmt(f)
    }
}

/// The run to resume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunName {
    /// The run that was started last.
    Last,
    /// The run whose id begins with this text.
    Prefix(String),
}

impl FromStr for RunName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "last" {
            return Ok(Self::Last);
        }
        let word = text.to_ascii_lowercase();
        let fits = (SHORTEST..=36).contains(&word.len());
        if fits && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            Ok(Self::Prefix(word))
        } else {
            Err("give the beginning of its id, four characters or more, or `last`")
        }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunName::Last => f.write_str("last"),
            RunName::Prefix(word) => f.write_str(word),
        }
    }
}

/// The shown beginning of a run id.
pub(crate) fn short_id(run: Uuid) -> String {
    run.to_string().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        filters: Filters,
    }

    #[test]
    fn filters_are_shown_as_typed() {
        let line =
            " --kind new_mother --language ne --state stored --since 2026-11-25 --ids-file ids.txt --limit 5";
        let Line { filters } = Line::try_parse_from(format!("backfill{line}").split(' ')).unwrap();
        assert_eq!(filters.flags(), line);
        let kept = serde_json::to_string(&filters).unwrap();
        assert_eq!(serde_json::from_str::<Filters>(&kept).unwrap(), filters);
        assert_eq!(serde_json::to_string(&Filters::default()).unwrap(), "{}");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
    }

    #[test]
    fn a_day_begins_in_nepal() {
        let day: Since = "2026-11-25".parse().unwrap();
        assert_eq!(day.0.to_rfc3339(), "2026-11-24T18:15:00+00:00");
        assert_eq!(day.to_string(), "2026-11-25");
        let time: Since = "2026-11-25T12:15:00Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-25T18:00:00+05:45");
        for bad in ["", "yesterday", "25.11.2026", "2026-13-01"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_prefix_or_last() {
        assert_eq!("last".parse(), Ok(RunName::Last));
        assert_eq!("0197C3A2".parse(), Ok(RunName::Prefix("0197c3a2".into())));
        for bad in ["", "019", "first", "%%%%", "0197c3a2_"] {
            assert!(bad.parse::<RunName>().is_err(), "{bad}");
        }
        assert_eq!(short_id(Uuid::nil()), "00000000");
    }
}
