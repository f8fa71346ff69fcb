//! The first reading: nothing is stored before every row was seen.

use producer::cli::Failure;
use tokio_util::sync::CancellationToken;

use super::{
    ids::{Ids, Standing},
    mapping::Mapping,
    row::Row,
    rows::{Format, each},
    source::Source,
};

/// What the first reading found.
pub(super) struct Checked {
    pub(super) ids: Ids,
    pub(super) rows: u64,
    /// Whether a row is bad, or users have rows that differ.
    pub(super) flawed: bool,
}

/// Reads everything; none when told to stop.
pub(super) fn check(
    source: &mut Source,
    format: Format,
    mapping: &Mapping,
    stop: &CancellationToken,
) -> Result<Option<Checked>, Failure> {
    let mut checked = Checked { ids: Ids::default(), rows: 0, flawed: false };
    each(source, format, mapping, |row| {
        checked.add(&row);
        !stop.is_cancelled()
    })?;
    Ok((!stop.is_cancelled()).then_some(checked))
}

impl Checked {
    fn add(&mut self, row: &Row) {
        self.rows += 1;
        let (user, content) = match &row.read {
            Ok(person) => (Some(&person.user_id), Some(person)),
            Err(bad) => (bad.user_id.as_ref(), None),
        };
        self.flawed |= row.read.is_err();
        if let Some(user) = user {
            self.ids.add(user, row.line, content);
            self.flawed |= self.ids.standing(user, row.line) == Standing::Different;
        }
    }
}
