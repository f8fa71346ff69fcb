//! Twilio's 34-character identifiers: two letters and 32 hex digits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::mix;

/// A message SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MessageSid {
    letters: Letters,
    bits: u128,
}

/// The first two letters of a message SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Letters {
    /// `SM`: a text.
    Sm,
    /// `MM`: a message made from a content template.
    Mm,
}

impl MessageSid {
    /// Reads `SM` or `MM` and 32 hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (letters, hex) = match text.get(..2)? {
            "SM" => (Letters::Sm, &text[2..]),
            "MM" => (Letters::Mm, &text[2..]),
            _ => return None,
        };
        if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        Some(Self { letters, bits: u128::from_str_radix(hex, 16).ok()? })
    }

    pub(crate) fn bits(self) -> u128 {
        self.bits
    }
}

impl fmt::Display for MessageSid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = match self.letters {
            Letters::Sm => "SM",
            Letters::Mm => "MM",
        };
        write!(out, "{letters}{:032x}", self.bits)
    }
}

/// Makes SIDs that never repeat for one seed.
#[derive(Debug)]
pub(crate) struct SidMint {
    seed: u64,
    minted: AtomicU64,
}

impl SidMint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, minted: AtomicU64::new(0) }
    }

    pub(crate) fn message(&self) -> MessageSid {
        MessageSid { letters: Letters::Sm, bits: self.bits() }
    }

    /// For a message made from a content template.
    pub(crate) fn template_message(&self) -> MessageSid {
        MessageSid { letters: Letters::Mm, bits: self.bits() }
    }

    /// Any other identifier, for example `RQ…` for requests.
    pub(crate) fn other(&self, letters: &str) -> String {
        format!("{letters}{:032x}", self.bits())
    }

    fn bits(&self) -> u128 {
        let count = self.minted.fetch_add(1, Ordering::Relaxed);
        let high = mix(count.wrapping_add(self.seed.rotate_left(32)));
        let low = mix(high ^ self.seed.wrapping_add(count));
        (u128::from(high) << 64) | u128::from(low)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sids_are_distinct_and_read_back() {
        let mint = SidMint::new(1);
        let sids: HashSet<String> = (0..10_000).map(|_| mint.message().to_string()).collect();
        assert_eq!(sids.len(), 10_000);
        for sid in sids {
            assert_eq!(sid.len(), 34);
            assert_eq!(MessageSid::parse(&sid).unwrap().to_string(), sid);
        }
    }

    #[test]
    fn the_letters_tell_messages_apart() {
        let sid = SidMint::new(1).template_message().to_string();
        assert_eq!(MessageSid::parse(&sid).unwrap().to_string(), sid);
        assert!(sid.starts_with("MM"));
        assert_ne!(MessageSid::parse(&sid), MessageSid::parse(&sid.replace("MM", "SM")));
    }

    #[test]
    fn only_sids_are_read() {
        for bad in
            ["", "SM", "SM1", "AC00000000000000000000000000000001", "SM+0000000000000000000000000000001"]
        {
            assert!(MessageSid::parse(bad).is_none(), "{bad}");
        }
    }
}
