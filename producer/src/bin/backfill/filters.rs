//! Which of the stored users are looked at.

use clap::builder::PossibleValuesParser;
use producer::UserKind;
use serde::{Deserialize, Serialize};
use shared::{domain::UserState, templates::Language};

use crate::since::Since;

/// Which of the stored users are looked at; a run keeps them for `--resume`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filters {
    /// Only users of this kind.
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// Only users who are welcomed in this language.
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(Language::ALL.map(Language::as_str)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
    /// Only users in this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(states()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Only users who signed up then or later: a day in Nepal (2026-11-25), or a time (2026-11-25T18:00:00+05:45).
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
    /// As they are typed, each after a blank; empty when there are none.
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

/// For a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+:@%".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
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
    fn they_are_shown_as_they_are_typed() {
        let line =
            " --kind new_mother --language ne --state stored --since 2026-11-25 --ids-file ids.txt --limit 5";
        let Line { filters } = Line::try_parse_from(format!("backfill{line}").split(' ')).unwrap();
        assert_eq!(filters.flags(), line);
        let kept = serde_json::to_string(&filters).unwrap();
        assert_eq!(serde_json::from_str::<Filters>(&kept).unwrap(), filters);
        assert_eq!(serde_json::to_string(&Filters::default()).unwrap(), "{}");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
    }
}
