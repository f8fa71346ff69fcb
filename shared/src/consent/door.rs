//! What a door is about, how it was reached and what it changed.

use super::ledger::Source;
use crate::{domain::UserId, phone::E164};

/// The person that a door is about. `Debug` shows no number.
#[derive(Debug, Clone, Copy)]
pub enum Person<'a> {
    /// A user at a number that may not be stored yet.
    Signup(&'a UserId, Option<&'a E164>),
    /// A user, known or not.
    User(&'a UserId),
    /// A number, and the user of it.
    Number(&'a E164),
}

/// How a door was reached.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The way.
    pub source: Source,
    /// Who did it: a login name, or the part of the system.
    pub actor: &'a str,
    /// Why, in the words of the audit log.
    pub reason: &'a str,
    /// The action in the audit log, as the command is typed. None: the ledger alone says it.
    pub action: Option<&'a str>,
}

/// What a door changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effect {
    /// It was carried out.
    Done,
    /// Only tips were stopped: they may be sent again.
    TipsAgain,
    /// It was so already.
    #[default]
    Already,
    /// Nothing was changed: a loss holds the messages, and only the undo of the loss lifts that.
    Held,
}

impl Effect {
    pub(super) fn of(changed: bool) -> Self {
        if changed { Self::Done } else { Self::Already }
    }
}
