//! Records on their way into one statement.

use crate::record::Record;

/// Enough that the way to the database and back does not count, few enough that nobody waits for their locks.
const MOST_ROWS: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;

/// Rows for one statement.
#[derive(Default)]
pub(crate) struct Batch {
    records: Vec<Record>,
    bytes: usize,
}

impl Batch {
    /// Whether the statement would become too large with `record`.
    pub(crate) fn is_full_for(&self, record: &Record) -> bool {
        let rows = self.records.len();
        rows == MOST_ROWS || (rows > 0 && self.bytes + record.bytes() > MOST_BYTES)
    }

    pub(crate) fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.records.push(record);
    }

    /// The rows, sorted: whoever else locks rows of `users` takes them in the same order.
    pub(crate) fn take(&mut self) -> Vec<Record> {
        self.bytes = 0;
        let mut records = std::mem::take(&mut self.records);
        records.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        records
    }
}

#[cfg(test)]
mod tests {
    use shared::{config::Env, phone::NumberPolicy};

    use super::*;
    use crate::account::{Account, Profile};

    fn record(id: usize, name: usize) -> Record {
        let profile = Profile { name: Some("x".repeat(name)), ..Profile::default() };
        let account =
            Account { id: id.to_string(), active: true, mother: Some(profile), ..Account::default() };
        Record::of(account, &NumberPolicy::read(&mut Env::of([("DEFAULT_REGION", "NP")]))).unwrap()
    }

    #[test]
    fn a_batch_is_bounded_in_rows_and_bytes() {
        for name in [0, 250] {
            let mut batch = Batch::default();
            let mut id = 0;
            while !batch.is_full_for(&record(id, name)) {
                batch.push(record(id, name));
                id += 1;
            }
            assert_eq!(id == MOST_ROWS, name == 0);
            assert!(batch.bytes <= MOST_BYTES && id > 20);
            let taken = batch.take();
            assert!(taken.is_sorted_by_key(|r| r.user_id.clone()) && !batch.is_full_for(&taken[0]));
        }
    }
}
