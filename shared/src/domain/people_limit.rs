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
