//! The letters that a replay or a drop is about to change.

use shared::cli::Failure;
use sqlx::PgPool;

use crate::store::dead_letters::find::{self, Selection};

/// The open letters of a selection.
pub(super) struct Touched {
    /// In order.
    pub(super) ids: Vec<i64>,
    /// Counts by code, such as `2 schema, 1 broker`.
    pub(super) by_cause: String,
    /// How many of the named ids belong to no letter.
    pub(super) missing: usize,
}

impl Touched {
    /// Reports ids that are settled or unknown on standard error.
    pub(super) async fn find(pool: &PgPool, wanted: &Selection) -> Result<Self, Failure> {
        let open = find::rows(pool, wanted).await.map_err(Failure::statement)?;
        let named = wanted.ids.as_deref().unwrap_or_default();
        let any = Selection { ids: wanted.ids.clone(), settled: true, ..Selection::default() };
        let known = if named.is_empty() {
            Vec::new()
        } else {
            find::rows(pool, &any).await.map_err(Failure::statement)?
        };
        for row in &known {
            if let Some(state) = row.settled() {
                eprintln!("letter {} was {state} already", row.id);
            }
        }
        let unknown = named.iter().filter(|id| known.binary_search_by_key(*id, |r| r.id).is_err());
        let missing =
            unknown.inspect(|id| eprintln!("letter {id} does not exist: see `worker dead list`")).count();
        Ok(Self {
            ids: open.iter().map(|r| r.id).collect(),
            by_cause: by_cause(open.iter().map(|r| r.reason.as_str())),
            missing,
        })
    }
}

/// `2 schema, 1 broker`, the most frequent code first.
pub(super) fn by_cause<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    reasons.for_each(|r| *counts.entry(r).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
    let words: Vec<String> = counts.into_iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    words.join(", ")
}

/// `1 dead letter`, `2 dead letters`.
pub(super) fn letters(n: usize) -> String {
    format!("{n} dead letter{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_the_most_frequent_first() {
        assert_eq!(by_cause(["schema", "broker", "schema"].into_iter()), "2 schema, 1 broker");
        assert_eq!((letters(1), letters(2)), ("1 dead letter".into(), "2 dead letters".into()));
    }
}
