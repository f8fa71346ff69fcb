//! The classes of inbound messages, how urgent each is, and what it silences.

use std::fmt;

/// What a message from a user asks for or reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Stop all messages.
    Stop,
    /// Start messages again.
    Start,
    /// Ask for help.
    Help,
    /// Fewer messages.
    Less,
    /// The child is born.
    Birth,
    /// The pregnancy or the child is lost, and the message says nothing else.
    Loss,
    /// A longer message speaks of a loss, which may be a fear or a question.
    LossMentioned,
    /// The number belongs to another person.
    WrongNumber,
    /// A sign of danger to health.
    Danger,
    /// A longer message contains a word that can mean stop.
    MaybeStop,
    /// Everything else.
    Other,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::Stop,
        Self::Start,
        Self::Help,
        Self::Less,
        Self::Birth,
        Self::Loss,
        Self::LossMentioned,
        Self::WrongNumber,
        Self::Danger,
        Self::MaybeStop,
        Self::Other,
    ];

    /// The name, as it is stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
            Self::Less => "less",
            Self::Birth => "birth",
            Self::Loss => "loss",
            Self::LossMentioned => "loss_mentioned",
            Self::WrongNumber => "wrong_number",
            Self::Danger => "danger",
            Self::MaybeStop => "maybe_stop",
            Self::Other => "other",
        }
    }

    /// Reads the name. `None`: not a class.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// How urgent a message of this class is.
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::Danger => Urgency::Danger,
            Self::Loss | Self::LossMentioned => Urgency::Loss,
            _ => Urgency::Other,
        }
    }

    /// What a message of this class silences. `None`: nothing.
    pub const fn silence(self) -> Option<Silence> {
        match self {
            Self::Stop | Self::WrongNumber => Some(Silence::StopAll),
            Self::Loss => Some(Silence::StopTips),
            Self::LossMentioned | Self::Danger | Self::MaybeStop => Some(Silence::HoldTips),
            Self::Start | Self::Help | Self::Less | Self::Birth | Self::Other => None,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How urgently a person must see a message, from the least urgent to the most urgent. Whether a person must see it at all
/// depends on its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// In the order of arrival.
    Other,
    /// A loss.
    Loss,
    /// A sign of danger, before everything else.
    Danger,
}

impl Urgency {
    /// The name, as it is stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Loss => "loss",
            Self::Danger => "danger",
        }
    }
}

/// What a message silences, from the weakest effect to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// Tips wait until the user or a person of the staff decides.
    HoldTips,
    /// Tips end. Only a person of the staff starts them again.
    StopTips,
    /// No message goes to the number any more.
    StopAll,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.as_str()), Some(class));
        }
        assert_eq!(Class::from_name("STOP"), None);
        assert_eq!(Class::from_name(""), None);
    }

    #[test]
    fn danger_is_more_urgent_than_loss_and_loss_than_the_rest() {
        assert!(Urgency::Danger > Urgency::Loss && Urgency::Loss > Urgency::Other);
        assert_eq!(Class::LossMentioned.urgency(), Urgency::Loss);
        assert_eq!(Class::Stop.urgency(), Urgency::Other);
    }

    #[test]
    fn the_strongest_silence_is_the_greatest() {
        assert!(Silence::StopAll > Silence::StopTips && Silence::StopTips > Silence::HoldTips);
        assert!(Some(Silence::HoldTips) > None);
    }
}
