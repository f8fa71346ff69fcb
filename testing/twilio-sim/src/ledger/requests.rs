//! Counts of requests by operation and answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::faults::Operation;

const STATUSES: usize = 600;

/// One counter per operation and HTTP status; status 0 means no answer at all.
#[derive(Debug)]
pub(super) struct RequestCounts {
    counts: Vec<AtomicU64>,
}

impl RequestCounts {
    pub(super) fn new() -> Self {
        Self { counts: (0..Operation::ALL.len() * STATUSES).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn add(&self, operation: Operation, status: u16) {
        let status = usize::from(status).min(STATUSES - 1);
        self.counts[operation.index() * STATUSES + status].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts above 0, by operation and then by status ("none" for requests without an answer).
    pub(super) fn snapshot(&self) -> BTreeMap<Operation, BTreeMap<String, u64>> {
        let of = |operation: Operation| {
            let row = &self.counts[operation.index() * STATUSES..][..STATUSES];
            let counts = row.iter().map(|count| count.load(Ordering::Relaxed));
            (0_usize..)
                .zip(counts)
                .filter(|(_, count)| *count > 0)
                .map(|(status, count)| (label(status), count))
        };
        let rows = Operation::ALL.into_iter().map(|operation| (operation, of(operation).collect()));
        rows.filter(|(_, row): &(_, BTreeMap<_, _>)| !row.is_empty()).collect()
    }

    pub(super) fn clear(&self) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }
}

fn label(status: usize) -> String {
    if status == 0 { "none".to_owned() } else { status.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_operation_and_status() {
        let requests = RequestCounts::new();
        requests.add(Operation::Create, 201);
        requests.add(Operation::Create, 201);
        requests.add(Operation::Create, 0);
        requests.add(Operation::Unknown, 404);
        let json = serde_json::to_string(&requests.snapshot()).unwrap();
        assert_eq!(json, r#"{"create":{"201":2,"none":1},"unknown":{"404":1}}"#);
        requests.clear();
        assert!(requests.snapshot().is_empty());
    }
}
