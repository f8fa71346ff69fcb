//! Faults chosen by the last four digits of a number.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::effects::Effects;
use super::operation::Operation;
use super::suffix_table::{SuffixFault, TABLE};
use crate::channel::Channel;

/// The table, and how often each number met its fault.
#[derive(Debug, Default)]
pub(super) struct SuffixFaults {
    seen: Mutex<HashMap<String, u32>>,
}

impl SuffixFaults {
    pub(super) fn pick(&self, operation: Operation, number: &str) -> Option<Effects> {
        let fault = find(operation, number)?;
        if let Some(first) = fault.first
            && self.count(number) > first
        {
            return None;
        }
        Some(Effects::of(&(fault.actions)()))
    }

    pub(super) fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn count(&self, number: &str) -> u32 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(number.to_owned()).or_default();
        *count += 1;
        *count
    }
}

fn find(operation: Operation, number: &str) -> Option<&'static SuffixFault> {
    let digits = number.get(number.len().checked_sub(4)?..)?;
    let channel = Channel::of(number);
    TABLE.iter().find(|fault| {
        fault.operation == operation
            && fault.digits == digits
            && fault.channel.is_none_or(|wanted| wanted == channel)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_fault_ends_per_number() {
        let faults = SuffixFaults::default();
        let met = |number: &str| faults.pick(Operation::Create, number).is_some();
        assert_eq!([(); 4].map(|()| met("+9779841119102")), [true, true, true, false]);
        assert!(met("+9779842229102"));
        faults.forget();
        assert!(met("+9779841119102"));
    }

    #[test]
    fn other_numbers_are_healthy() {
        let faults = SuffixFaults::default();
        for number in ["+9779841234567", "123", "", "+977984123४५६७"] {
            assert!(faults.pick(Operation::Create, number).is_none(), "{number}");
        }
        assert!(faults.pick(Operation::Lookup, "+9779841239001").is_none());
    }

    #[test]
    fn faults_of_whatsapp_leave_sms_alone() {
        let faults = SuffixFaults::default();
        assert!(faults.pick(Operation::Create, "+9779841239803").is_none());
        let met = faults.pick(Operation::Create, "whatsapp:+9779841239803").unwrap();
        assert_eq!(met.failure, Some(63003));
    }
}
