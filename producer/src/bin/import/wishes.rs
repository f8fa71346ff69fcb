//! What a row says about messages to its user.

use shared::domain::{ConsentChannel, Purpose};

/// What a row says about messages. Most rows say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wishes {
    /// The user opted out. False lifts nothing.
    pub(crate) opted_out: bool,
    /// The user had a loss.
    pub(crate) loss: bool,
    /// The number is not the user's.
    pub(crate) wrong_number: bool,
    /// What the user agreed to, each pair once.
    pub(crate) consents: Vec<(Purpose, ConsentChannel)>,
}

impl Wishes {
    /// Whether a person gets no messages because of them.
    pub(crate) fn silence(&self) -> bool {
        self.opted_out || self.loss || self.wrong_number
    }

    /// Whether the row says nothing about messages.
    pub(crate) fn are_empty(&self) -> bool {
        !self.silence() && self.consents.is_empty()
    }

    /// The wishes that count even in a bad row.
    pub(crate) fn without_consents(self) -> Self {
        Self { consents: Vec::new(), ..self }
    }
}
