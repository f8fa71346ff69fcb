//! What became of the lines.

use producer::PublishError;
use serde::Serialize;

/// The last line on standard output.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Handed to the broker.
    published: u64,
    /// Stored by it.
    confirmed: u64,
    /// Given back: no queue was bound.
    returned: u64,
    /// Refused, not confirmed in time, or no connection.
    refused: u64,
    /// Lines that are no signup.
    rejected: u64,
}

impl Tally {
    pub(crate) fn count<T>(&mut self, verdict: &Result<T, PublishError>) {
        self.published += 1;
        match verdict {
            Ok(_) => self.confirmed += 1,
            Err(PublishError::Returned { .. }) => self.returned += 1,
            Err(_) => self.refused += 1,
        }
    }

    pub(crate) fn reject(&mut self) {
        self.rejected += 1;
    }

    pub(crate) fn all_confirmed(&self) -> bool {
        self.confirmed == self.published && self.rejected == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_counted_once() {
        let mut tally = Tally::default();
        let id = || "e".to_owned();
        tally.count(&Ok(()));
        assert!(tally.all_confirmed());
        tally.count::<()>(&Err(PublishError::Returned { id: id() }));
        tally.count::<()>(&Err(PublishError::Timeout { id: id() }));
        tally.count::<()>(&Err(PublishError::Unavailable { id: id() }));
        tally.reject();
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(text, r#"{"published":4,"confirmed":1,"returned":1,"refused":2,"rejected":1}"#);
        assert!(!tally.all_confirmed());
    }
}
