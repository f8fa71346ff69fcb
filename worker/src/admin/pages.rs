//! The pages, one module each.

pub(crate) mod audit;
pub(crate) mod letters;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod unknown;

/// Rows of one page.
const PAGE: usize = 50;

/// Cuts a list that was asked for with one row more than a page; says whether there are more.
fn cut<T>(rows: &mut Vec<T>) -> bool {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    more
}

/// What to ask for so that `cut` can tell.
fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX) + 1
}

/// Where a list begins.
#[derive(serde::Deserialize)]
pub(crate) struct Before {
    before: Option<i64>,
}
