//! How many people may be written to by WhatsApp.

/// How many people may be written to in any 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleLimit {
    /// Any number.
    Unlimited,
    /// So many.
    Fixed(u32),
    /// Nine tenths of WhatsApp's first step: no limit was set.
    Cautious,
}

/// Nine tenths of the first step of WhatsApp's limits.
const CAUTIOUS: u32 = 225;

impl PeopleLimit {
    /// How many people in 24 hours. None: any number.
    pub const fn per_day(self) -> Option<u32> {
        match self {
            Self::Unlimited => None,
            Self::Fixed(people) => Some(people),
            Self::Cautious => Some(CAUTIOUS),
        }
    }
}
