//! What a replay or a drop is about to touch.

use sqlx::PgPool;

use crate::{
    cli::{exit::Failure, open},
    store::dead_letters::find::{self, Selection},
};

/// The open letters of a selection.
pub(super) struct Touched {
    /// In order.
    pub(super) ids: Vec<i64>,
    /// How many of which reason, such as `2 schema, 1 broker`.
    pub(super) by_reason: String,
    /// Ids that were named and never given to a letter.
    pub(super) missing: usize,
}

impl Touched {
    /// Tells on standard error of ids that are settled or nobody's.
    pub(super) async fn find(pool: &PgPool, wanted: &Selection) -> Result<Self, Failure> {
        let open = find::rows(pool, wanted).await.map_err(open::failed)?;
        let named = wanted.ids.as_deref().unwrap_or_default();
        let any = Selection { ids: wanted.ids.clone(), settled: true, ..Selection::default() };
        let known =
            if named.is_empty() { Vec::new() } else { find::rows(pool, &any).await.map_err(open::failed)? };
        for row in &known {
            if let Some(state) = row.settled() {
                eprintln!("letter {} was {state} already", row.id);
            }
        }
        let nobodys = named.iter().filter(|id| known.binary_search_by_key(*id, |r| r.id).is_err());
        let missing =
            nobodys.inspect(|id| eprintln!("letter {id} does not exist: see `worker dead list`")).count();
        Ok(Self {
            ids: open.iter().map(|r| r.id).collect(),
            by_reason: by_reason(open.iter().map(|r| r.reason.as_str())),
            missing,
        })
    }
}

/// `2 schema, 1 broker`, the most first.
pub(super) fn by_reason<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
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
    fn reasons_are_counted_the_most_first() {
        assert_eq!(by_reason(["schema", "broker", "schema"].into_iter()), "2 schema, 1 broker");
        assert_eq!((letters(1), letters(2)), ("1 dead letter".into(), "2 dead letters".into()));
    }
}
