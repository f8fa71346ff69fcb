//! Automatic answers to messages that people write to us. The texts are in `replies.tsv`.

use std::sync::LazyLock;

use super::{Content, Language};

const TABLE: &str = include_str!("replies.tsv");
/// Where a text has the number to call.
const HELP_LINE: &str = "{help_line}";
/// Where a text has the hour from which on staff read messages.
const OPENS: &str = "{opens}";

static TEXTS: LazyLock<Vec<Line>> = LazyLock::new(|| TABLE.lines().filter_map(Line::parse).collect());

/// What an automatic answer says. The names are stable: they are stored as the slot of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Messages have stopped.
    Stopped,
    /// Messages have started again.
    Started,
    /// What this is, and how to stop it.
    Help,
    /// One message a week from now on.
    Less,
    /// Thanks for the news of a birth.
    Birth,
    /// The number belongs to another person.
    WrongNumber,
    /// Thanks for the news of a loss.
    Loss,
    /// A person will read the message.
    Received,
    /// The same outside the hours of the staff.
    ReceivedLater,
    /// A person will read the message soon.
    Urgent,
    /// The message is read only when the hours of the staff begin, and no number of theirs is called.
    UrgentLater,
    /// How to stop, because the message may have meant that.
    MaybeStop,
}

impl Reply {
    /// Every answer.
    pub const ALL: [Self; 12] = [
        Self::Stopped,
        Self::Started,
        Self::Help,
        Self::Less,
        Self::Birth,
        Self::WrongNumber,
        Self::Loss,
        Self::Received,
        Self::ReceivedLater,
        Self::Urgent,
        Self::UrgentLater,
        Self::MaybeStop,
    ];

    /// The stable name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Started => "started",
            Self::Help => "help",
            Self::Less => "less",
            Self::Birth => "birth",
            Self::WrongNumber => "wrong_number",
            Self::Loss => "loss",
            Self::Received => "received",
            Self::ReceivedLater => "received_later",
            Self::Urgent => "urgent",
            Self::UrgentLater => "urgent_later",
            Self::MaybeStop => "maybe_stop",
        }
    }

    /// The text. It names the number to call where there is one and the answer has a use for it, and `opens`, when staff begin
    /// to read, such as `09:00`.
    pub fn content(self, language: Language, help_line: Option<&str>, opens: &str) -> Content {
        let with_line = match self {
            Self::Help => Some("help_line"),
            Self::Urgent => Some("urgent_line"),
            Self::ReceivedLater => Some("received_later_line"),
            Self::UrgentLater => Some("urgent_later_line"),
            _ => None,
        };
        let text = match (with_line, help_line) {
            (Some(slot), Some(number)) => text(slot, language).replace(HELP_LINE, number),
            _ => text(self.as_str(), language).to_owned(),
        };
        Content::Text(text.replace(OPENS, opens).into())
    }
}

/// A line of the table.
struct Line {
    slot: &'static str,
    language: Language,
    text: &'static str,
}

impl Line {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.splitn(3, '\t');
        let (slot, language) = (columns.next()?, columns.next()?.parse().ok()?);
        Some(Self { slot, language, text: columns.next()? })
    }
}

fn text(slot: &str, language: Language) -> &'static str {
    let line = TEXTS.iter().find(|line| line.slot == slot && line.language == language);
    line.map_or("", |line| line.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        templates::{discreetness, segments},
        words::{Class, understand},
    };

    #[test]
    fn every_answer_has_a_text_in_every_language() {
        for reply in Reply::ALL {
            for language in Language::ALL {
                for help_line in [None, Some("01-4200000")] {
                    let content = reply.content(language, help_line, "09:00");
                    let text = content.text().unwrap();
                    assert!(!text.is_empty() && !text.contains('{'), "{reply:?} {language}: {text}");
                    let cost = segments::count(text).segments;
                    assert!(cost <= 3, "{reply:?} {language}: {cost} segments");
                    assert_eq!(discreetness::lint(text), [], "{reply:?} {language}");
                }
            }
        }
    }

    #[test]
    fn the_number_to_call_is_named_where_there_is_one() {
        let text = |reply: Reply, line| reply.content(Language::En, line, "09:00").text().unwrap().to_owned();
        for reply in [Reply::Help, Reply::Urgent, Reply::ReceivedLater, Reply::UrgentLater] {
            assert!(text(reply, Some("1115")).contains("1115"));
            assert!(!text(reply, None).contains("call"));
        }
        assert!(!text(Reply::Stopped, Some("1115")).contains("1115"));
    }

    #[test]
    fn an_answer_that_comes_back_stops_nothing() {
        for reply in Reply::ALL {
            for language in Language::ALL {
                let content = reply.content(language, None, "09:00");
                let class = understand(content.text().unwrap(), None).class();
                let acts = [Class::Stop, Class::Start, Class::Loss, Class::WrongNumber, Class::Birth];
                assert!(!acts.contains(&class), "{reply:?} {language}: {class}");
            }
        }
    }
}
