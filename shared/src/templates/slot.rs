//! What identifies a template beside its kind, language and channel.

use std::{fmt, str::FromStr};

/// The occasion of a message. The names are stable: they are stored in `messages.slot` and `templates.slot`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The message after a signup.
    Welcome,
    /// A tip during pregnancy.
    Pregnancy,
    /// A tip in the first weeks of the baby's life.
    Newborn,
    /// A tip later in the first year.
    Infant,
    /// Staff will answer.
    Handoff,
}

impl Slot {
    /// Every slot.
    pub const ALL: [Self; 5] = [Self::Welcome, Self::Pregnancy, Self::Newborn, Self::Infant, Self::Handoff];

    /// The stable name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Pregnancy => "pregnancy",
            Self::Newborn => "newborn",
            Self::Infant => "infant",
            Self::Handoff => "handoff",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Slot {
    type Err = UnknownSlot;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|slot| slot.as_str() == name);
        found.ok_or_else(|| UnknownSlot(name.to_owned()))
    }
}

/// The text does not name a [`Slot`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown slot {0:?}: give one of {names}", names = Slot::ALL.map(Slot::as_str).join(", "))]
pub struct UnknownSlot(String);

/// One of two templates for the same occasion. They are worded differently, and each gets half of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variant {
    /// The first, and the only one where no second is mapped.
    A,
    /// The second.
    B,
}

impl Variant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|variant| variant.as_str() == name).ok_or(UnknownVariant)
    }
}

/// The text does not name a [`Variant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown variant: give a or b")]
pub struct UnknownVariant;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for slot in Slot::ALL {
            assert_eq!(slot.as_str().parse(), Ok(slot));
        }
        for variant in Variant::ALL {
            assert_eq!(variant.as_str().parse(), Ok(variant));
            assert_eq!(variant.other().other(), variant);
        }
        assert!("Welcome".parse::<Slot>().unwrap_err().to_string().contains("welcome, pregnancy"));
        assert_eq!("c".parse::<Variant>(), Err(UnknownVariant));
    }
}
