//! Kinds of outage, and the run of calls without a definite answer that shows one.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::twilio::{CreateOutcome, UnknownCause};

/// What happens to calls during an outage of Twilio or of the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// No connection: name, port, TLS.
    Refused,
    /// The connection ends after the request was written.
    Reset,
    /// No answer within the time limit.
    Timeout,
    /// Answers of 500 and above.
    ServerError,
    /// Answers that say nothing about the message.
    Unreadable,
    /// Several of these.
    Mixed,
}

impl Outage {
    /// Every kind.
    pub(crate) const ALL: [Self; 6] =
        [Self::Refused, Self::Reset, Self::Timeout, Self::ServerError, Self::Unreadable, Self::Mixed];

    /// The name for metrics, logs and the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::ServerError => "5xx",
            Self::Unreadable => "unreadable",
            Self::Mixed => "mixed",
        }
    }

    /// The kind with this name. An unknown name, from a later release, is `Mixed`.
    pub(crate) fn of_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|k| k.as_str() == word).unwrap_or(Self::Mixed)
    }

    /// The kind of outage that this outcome may be part of; `None`: Twilio gave a definite answer.
    pub(crate) fn of(outcome: &CreateOutcome) -> Option<Self> {
        match outcome {
            CreateOutcome::Accepted { .. } | CreateOutcome::Refused { .. } => None,
            CreateOutcome::NotWritten { .. } => Some(Self::Refused),
            CreateOutcome::Unknown { cause } => Some(match cause {
                UnknownCause::Timeout => Self::Timeout,
                UnknownCause::Lost => Self::Reset,
                UnknownCause::ServerError { .. } => Self::ServerError,
                UnknownCause::Unreadable { .. }
                | UnknownCause::NoSid { .. }
                | UnknownCause::Unexpected { .. } => Self::Unreadable,
            }),
        }
    }

    /// The kind that covers both.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Mixed }
    }
}

/// Calls in a row without a definite answer. Outside a run, a definite answer costs a single load.
#[derive(Default)]
pub(super) struct Run {
    /// The length, and above it the kind.
    state: AtomicU32,
}

const LENGTH: u32 = 0xffff;

impl Run {
    pub(super) fn end(&self) {
        if self.state.load(Ordering::Relaxed) != 0 {
            self.state.store(0, Ordering::Relaxed);
        }
    }

    /// One more; returns the length of the run and its kind.
    pub(super) fn one_more(&self, kind: Outage) -> (u32, Outage) {
        let mut run = (0, kind);
        let longer = |state: u32| {
            let before = state & LENGTH;
            let kind =
                Outage::ALL.get((state >> 16) as usize).filter(|_| before > 0).map_or(kind, |k| k.and(kind));
            run = ((before + 1).min(LENGTH), kind);
            let code = Outage::ALL.iter().position(|k| *k == kind).and_then(|n| u32::try_from(n).ok());
            Some(run.0 | code.unwrap_or_default() << 16)
        };
        // Never Err: the closure always returns a value.
        let _ = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, longer);
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_knows_its_length_and_kind() {
        let run = Run::default();
        assert_eq!(run.one_more(Outage::Timeout), (1, Outage::Timeout));
        assert_eq!(run.one_more(Outage::Timeout), (2, Outage::Timeout));
        assert_eq!(run.one_more(Outage::ServerError), (3, Outage::Mixed));
        run.end();
        assert_eq!(run.one_more(Outage::ServerError), (1, Outage::ServerError));
    }

    #[test]
    fn words_round_trip() {
        for kind in Outage::ALL {
            assert_eq!(Outage::of_word(kind.as_str()), kind);
        }
        assert_eq!(Outage::of_word("of a later release"), Outage::Mixed);
    }
}
