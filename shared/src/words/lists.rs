//! The word lists: `words.tsv`, one phrase per line, with the columns class, match, language and phrase. Lines that begin
//! with `#` are comments; the first two state the version of the rules and the person who reviewed the phrases.
//!
//! Each phrase is folded when the lists are read, so the file can hold natural spellings.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    Class, fold,
    phrase::{Kind, Phrase},
};

const TABLE: &str = include_str!("words.tsv");

static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists::read(TABLE));

/// What a whole message or a button says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Stop,
    Start,
    Help,
    Less,
    Birth,
    Loss,
    WrongNumber,
}

impl Said {
    const ALL: [Self; 7] =
        [Self::Stop, Self::Start, Self::Help, Self::Less, Self::Birth, Self::Loss, Self::WrongNumber];

    pub(super) const fn class(self) -> Class {
        match self {
            Self::Stop => Class::Stop,
            Self::Start => Class::Start,
            Self::Help => Class::Help,
            Self::Less => Class::Less,
            Self::Birth => Class::Birth,
            Self::Loss => Class::Loss,
            Self::WrongNumber => Class::WrongNumber,
        }
    }
}

/// What a part of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mention {
    Danger,
    Loss,
    Stop,
}

impl Mention {
    const ALL: [Self; 3] = [Self::Danger, Self::Loss, Self::Stop];

    pub(super) const fn class(self) -> Class {
        match self {
            Self::Danger => Class::Danger,
            Self::Loss => Class::LossMentioned,
            Self::Stop => Class::MaybeStop,
        }
    }
}

/// Version and review of the word lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// The version of lists and rules. It grows with every change of either.
    pub version: u32,
    /// The native speaker who reviewed the phrases. `None`: the phrases of this version are not reviewed.
    pub reviewed_by: Option<&'static str>,
}

impl Edition {
    fn read(table: &'static str) -> Self {
        let header = |name| table.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Self {
            version: header("# version:").and_then(|version| version.parse().ok()).unwrap_or_default(),
            reviewed_by: header("# reviewed by:").filter(|name| *name != "nobody yet"),
        }
    }
}

/// The lists, ready for use.
pub(super) struct Lists {
    pub(super) edition: Edition,
    buttons: HashMap<&'static str, Said>,
    whole: HashMap<String, Said>,
    /// The number of words of the longest whole phrase.
    longest: usize,
    parts: Vec<(Mention, Phrase)>,
}

impl Lists {
    /// The lists of this release.
    pub(super) fn get() -> &'static Self {
        &LISTS
    }

    fn read(table: &'static str) -> Self {
        let mut lists = Self {
            edition: Edition::read(table),
            buttons: HashMap::new(),
            whole: HashMap::new(),
            longest: 0,
            parts: Vec::new(),
        };
        for row in table.lines().filter_map(Row::parse) {
            match row {
                Row::Button(said, payload) => drop(lists.buttons.insert(payload, said)),
                Row::Whole(said, phrase) => drop(lists.whole.insert(fold(phrase), said)),
                Row::Part(mention, kind, phrase) => lists.parts.push((mention, Phrase::new(kind, phrase))),
            }
        }
        lists.longest = lists.whole.keys().map(|phrase| phrase.split(' ').count()).max().unwrap_or_default();
        lists
    }

    /// The meaning of a button. Blanks around the payload and the case of its letters do not count.
    pub(super) fn button(&self, payload: &str) -> Option<Said> {
        self.buttons.get(payload.trim().to_ascii_lowercase().as_str()).copied()
    }

    /// The meaning of a folded text that is one phrase, or the same phrase several times.
    pub(super) fn whole(&self, words: &[&str]) -> Option<Said> {
        (1..=self.longest.min(words.len())).find_map(|length| {
            let (phrase, _) = words.split_at_checked(length)?;
            let repeated =
                words.len().is_multiple_of(length) && words.chunks(length).all(|chunk| chunk == phrase);
            repeated.then(|| self.whole.get(&phrase.join(" ")).copied()).flatten()
        })
    }

    /// What the parts of a folded text say.
    pub(super) fn mentions(&self, words: &[&str], mention: Mention) -> bool {
        let mut phrases = self.parts.iter().filter(|(its, _)| *its == mention).map(|(_, phrase)| phrase);
        phrases.any(|phrase| phrase.is_in(words))
    }
}

/// A line of the table.
enum Row {
    Button(Said, &'static str),
    Whole(Said, &'static str),
    Part(Mention, Kind, &'static str),
}

impl Row {
    /// `None`: a comment, or not a line of the table.
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let (class, kind) = (Class::from_name(columns.next()?)?, columns.next()?);
        let (language, phrase) = (columns.next()?, columns.next()?);
        let known = matches!(language, "ne" | "ne-Latn" | "hi" | "en" | "-");
        if columns.next().is_some() || !known || phrase.is_empty() {
            return None;
        }
        let said = || Said::ALL.into_iter().find(|said| said.class() == class);
        let mention = || Mention::ALL.into_iter().find(|mention| mention.class() == class);
        match kind {
            "button" => Some(Self::Button(said()?, phrase)),
            "whole" => Some(Self::Whole(said()?, phrase)),
            _ => Some(Self::Part(mention()?, Kind::from_name(kind)?, phrase)),
        }
    }
}

#[cfg(test)]
mod tests;
