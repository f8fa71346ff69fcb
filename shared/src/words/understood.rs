//! The result of reading a message: its classes, how urgent they are and what they silence.

use super::{Class, Edition, Silence, Urgency, lists::Said};

/// The classes of a message. It contains no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Understood {
    pub(super) content: Content,
    /// Whether the text contains a sign of danger.
    pub(super) danger: bool,
    pub(super) edition: Edition,
}

/// What a message says besides danger. A message that says one thing as a whole mentions nothing besides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A button was pressed.
    Pressed(Said),
    /// The whole text is one phrase of the lists.
    Whole(Said),
    /// Any other text.
    Longer { mentions_loss: bool, mentions_stop: bool },
}

impl Understood {
    /// The main class. A pressed stop button comes first, then danger, then the button or the phrase of the whole message,
    /// then a mentioned loss, then a mentioned stop.
    pub fn class(&self) -> Class {
        match self.content {
            Content::Pressed(Said::Stop) => Class::Stop,
            _ if self.danger => Class::Danger,
            Content::Pressed(said) | Content::Whole(said) => said.class(),
            Content::Longer { mentions_loss: true, .. } => Class::LossMentioned,
            Content::Longer { mentions_stop: true, .. } => Class::MaybeStop,
            Content::Longer { .. } => Class::Other,
        }
    }

    /// Whether the message has this class, as its main class or besides it.
    pub fn has(&self, class: Class) -> bool {
        match (class, self.content) {
            (Class::Danger, _) => self.danger,
            (_, Content::Pressed(said) | Content::Whole(said)) => said.class() == class,
            (Class::LossMentioned, Content::Longer { mentions_loss, .. }) => mentions_loss,
            (Class::MaybeStop, Content::Longer { mentions_stop, .. }) => mentions_stop,
            (Class::Other, _) => self.class() == Class::Other,
            _ => false,
        }
    }

    /// All classes of the message, in the order of [`Class::ALL`]. At least one.
    pub fn classes(&self) -> impl Iterator<Item = Class> + use<> {
        let understood = *self;
        Class::ALL.into_iter().filter(move |class| understood.has(*class))
    }

    /// The highest urgency of its classes.
    pub fn urgency(&self) -> Urgency {
        self.classes().map(Class::urgency).max().unwrap_or(Urgency::Other)
    }

    /// The strongest silence of its classes. `None`: the message silences nothing.
    pub fn silences(&self) -> Option<Silence> {
        self.classes().filter_map(Class::silence).max()
    }

    /// The version of the rules that understood the message. Store it with the class.
    pub fn version(&self) -> u32 {
        self.edition.version
    }
}
