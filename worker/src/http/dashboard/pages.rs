//! The pages, one module each.

pub(crate) mod audit;
pub(crate) mod conversation;
pub(crate) mod inbox;
pub(crate) mod letters;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod person;
mod person_acts;
pub(crate) mod task;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod unknown;

pub(crate) use person_acts::permission;

use super::texts::Texts;

/// Rows of one page.
const PAGE: usize = 50;

/// The ways from one page of a list to the others.
struct Paging {
    /// Path of the list.
    here: &'static str,
    /// There are rows before this page.
    later: bool,
    /// Query of the next page; none: this is the last.
    next: Option<String>,
    order: Order,
}

/// Which rows come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

impl Paging {
    /// Cuts a list that was asked for with one row more than a page. `query` makes the query of the page after a row.
    fn cut<T>(here: &'static str, later: bool, rows: &mut Vec<T>, query: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        Self { here, later, next: rows.last().filter(|_| more).map(query), order: Order::NewestFirst }
    }

    fn ordered(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The texts of the ways to the first page and to the next one.
    fn words(&self, t: &Texts) -> [&'static str; 2] {
        match self.order {
            Order::NewestFirst => [t.newest, t.older],
            Order::OldestFirst => [t.oldest, t.newer],
        }
    }
}

/// How many rows to read, so that `Paging::cut` knows whether more follow.
fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX) + 1
}

/// Where a list begins.
#[derive(serde::Deserialize)]
pub(crate) struct Before {
    before: Option<i64>,
}

/// The last row of the page before, as its list writes it.
#[derive(serde::Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}
