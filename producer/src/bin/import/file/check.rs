//! The first reading: nothing is stored before every row was read. It finds users with several rows in
//! 16 bytes a row and the overhead of a hash table: 18 to 36 MB for a million rows.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
};

use producer::{UserId, cli::Failure};
use tokio_util::sync::CancellationToken;

use super::{
    layout::Mapping,
    row::Row,
    source::{Format, Source, each},
};

/// The result of the first reading.
pub(super) struct Checked {
    pub(super) ids: Ids,
    pub(super) rows: u64,
    /// Whether a row is bad, or rows of one user differ.
    pub(super) flawed: bool,
    /// Households with a loss, and the user whose row reports it.
    pub(super) losses: HashMap<String, UserId>,
}

/// Reads all rows. None if a signal stops the command.
pub(super) fn check(
    source: &mut Source,
    format: Format,
    mapping: &Mapping,
    stop: &CancellationToken,
) -> Result<Option<Checked>, Failure> {
    let mut checked = Checked { ids: Ids::default(), rows: 0, flawed: false, losses: HashMap::new() };
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
        if let Some((person, household)) =
            content.and_then(|it| Some((it, it.profile.household_id.as_ref()?)))
            && person.wishes.loss
        {
            self.losses.entry(household.clone()).or_insert_with(|| person.user_id.clone());
        }
        if let Some(user) = user {
            self.ids.add(user, row.line, content);
            self.flawed |= self.ids.occurrence(user, row.line) == Occurrence::Different;
        }
    }
}

/// The first row of each user, by a hash of the id. Two ids of a million share a hash with a probability of 3 in
/// 100 million. Then both are reported and neither is stored.
#[derive(Default)]
pub(super) struct Ids {
    hasher: RandomState,
    seen: HashMap<u64, Seen>,
}

#[derive(Clone, Copy)]
struct Seen {
    line: u32,
    content: u32,
}

/// Marks users whose rows differ, or who have a row that cannot be read.
const DIFFERENT: u32 = 0;

/// The place of a row among the rows of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurrence {
    First,
    /// The row repeats an earlier one.
    Repeated,
    /// Another row of the user differs.
    Different,
}

impl Ids {
    /// Adds a row of `user` with `content`. None if the row cannot be read.
    pub(super) fn add(&mut self, user: &UserId, line: u64, content: Option<&impl Hash>) {
        let content = content.map_or(DIFFERENT, |content| low(self.hasher.hash_one(content)).max(1));
        let seen = Seen { line: low(line), content };
        self.seen
            .entry(self.hasher.hash_one(user))
            .and_modify(|first| {
                if first.content != content {
                    first.content = DIFFERENT;
                }
            })
            .or_insert(seen);
    }

    /// The occurrence of the row of `user` at `line`, after all rows were added.
    pub(super) fn occurrence(&self, user: &UserId, line: u64) -> Occurrence {
        match self.seen.get(&self.hasher.hash_one(user)) {
            Some(seen) if seen.content == DIFFERENT => Occurrence::Different,
            Some(seen) if seen.line != low(line) => Occurrence::Repeated,
            _ => Occurrence::First,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "half of a hash is a hash; files have fewer than 2^32 lines"
)]
fn low(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::{
        Occurrence::{Different, First, Repeated},
        *,
    };

    #[test]
    fn repeated_and_different_rows_are_told_apart() {
        let mut ids = Ids::default();
        let id = |text| UserId::parse(text).unwrap();
        for (line, user, content) in
            [(2, "1", Some("a")), (3, "2", Some("b")), (4, "1", Some("a")), (5, "2", Some("c"))]
        {
            ids.add(&id(user), line, content.as_ref());
        }
        ids.add(&id("3"), 6, None::<&str>.as_ref());
        ids.add(&id("3"), 7, Some(&"d"));
        ids.add(&id("4"), 8, Some(&"e"));
        let standings = [("1", 2), ("1", 4), ("2", 3), ("2", 5), ("3", 7), ("4", 8)]
            .map(|(user, line)| ids.occurrence(&id(user), line));
        assert_eq!(standings, [First, Repeated, Different, Different, Different, First]);
        assert_eq!(size_of::<(u64, Seen)>(), 16);
    }
}
