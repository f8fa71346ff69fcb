//! Twilio's 34-character identifiers: two letters and 32 hex digits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::mix;

/// The 128 bits of a message SID, without its two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MessageSid(u128);

impl MessageSid {
    /// Reads `SM` or `MM` and 32 hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("SM").or_else(|| text.strip_prefix("MM"))?;
        let valid = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        if valid { u128::from_str_radix(hex, 16).ok().map(Self) } else { None }
    }

    pub(crate) fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for MessageSid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SM{:032x}", self.0)
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
        MessageSid(self.bits())
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
    fn only_sids_are_read() {
        for bad in
            ["", "SM", "SM1", "AC00000000000000000000000000000001", "SM+0000000000000000000000000000001"]
        {
            assert!(MessageSid::parse(bad).is_none(), "{bad}");
        }
    }
}
