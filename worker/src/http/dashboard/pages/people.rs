//! Users as a list, and the search for one.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::{After, Paging, limit};
use crate::{
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        texts::tone,
    },
    store::people::{self, Cursor, ListedUser},
    story::Story,
};

/// The longest id the database takes.
const LONGEST_ID: usize = 128;

#[derive(Deserialize)]
pub(crate) struct Search {
    q: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    view: PageContext,
    rows: Vec<ListedUser>,
    paging: Paging,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failure> {
    let after = query?.0.after.as_deref().and_then(cursor);
    let mut rows = people::page(admin.pool(), after.as_ref(), limit()).await?;
    let paging =
        Paging::cut("/people", after.is_some(), &mut rows, |row| format!("after={}", escaped(&place(row))));
    page(&People { view, rows, paging })
}

/// Redirects to the user with that id or message SID. The answer does not repeat the input: it may be a number.
pub(crate) async fn search(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<Search>, QueryRejection>,
) -> Result<Response, Failure> {
    let found = find(&admin, query?.0.q.trim()).await?;
    let to = found.map_or_else(|| "/people?note=nobody".to_owned(), |story| path_of(&story.user));
    Ok(Redirect::to(&to).into_response())
}

pub(super) async fn find(admin: &Admin, who: &str) -> Result<Option<Story>, sqlx::Error> {
    // Postgres takes no NUL in a text.
    if who.is_empty() || who.chars().count() > LONGEST_ID || who.contains('\0') {
        return Ok(None);
    }
    Story::find(admin.pool(), who).await
}

/// The page of a user.
pub(crate) fn path_of(user: &str) -> String {
    format!("/person?id={}", escaped(user))
}

/// As a value in a query.
pub(super) fn escaped(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// `TIME~ID`.
fn place(row: &ListedUser) -> String {
    let at = row.enqueued_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!("{at}~{}", row.user_id)
}

fn cursor(text: &str) -> Option<Cursor> {
    let (at, user_id) = text.split_once('~').filter(|(_, id)| !id.contains('\0'))?;
    Some(Cursor { at: at.parse().ok()?, user_id: user_id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let read = cursor("2026-11-25T10:00:00.123456Z~a~b").unwrap();
        assert_eq!(read.user_id, "a~b");
        assert_eq!(read.at.timestamp_subsec_micros(), 123_456);
        assert_eq!(cursor("yesterday~1"), None);
        assert_eq!(cursor("2026-11-25T10:00:00Z~\0"), None);
    }
}
