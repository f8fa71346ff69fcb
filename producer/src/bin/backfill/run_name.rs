//! How a person names a run.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// As much of an id as is shown; enough to tell runs apart.
const SHOWN: usize = 8;
const SHORTEST: usize = 4;

/// The run to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunName {
    /// The one that was started last.
    Last,
    /// The one whose id begins so.
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

/// The beginning of a run's id, as people see it.
pub(crate) fn short(run: Uuid) -> String {
    run.to_string().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_or_last() {
        assert_eq!("last".parse(), Ok(RunName::Last));
        assert_eq!("0197C3A2".parse(), Ok(RunName::Prefix("0197c3a2".into())));
        for bad in ["", "019", "first", "%%%%", "0197c3a2_"] {
            assert!(bad.parse::<RunName>().is_err(), "{bad}");
        }
        assert_eq!(short(Uuid::nil()), "00000000");
    }
}
