//! What needs a person: the open tasks, the oldest first, without users and numbers.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use chrono::SecondsFormat;
use shared::consent::staff_tasks::{self, Cursor, ListedTask};

use super::{After, Order, Paging, limit};
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
    },
};

#[derive(Template)]
#[template(path = "tasks.html")]
struct Tasks {
    view: PageContext,
    rows: Vec<ListedTask>,
    paging: Paging,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failure> {
    let after = query?.0.after.as_deref().and_then(cursor);
    let mut rows = staff_tasks::page(admin.pool(), after, limit()).await?;
    let paging = Paging::cut("/tasks", after.is_some(), &mut rows, |row| format!("after={}", place(row)))
        .ordered(Order::OldestFirst);
    page(&Tasks { view, rows, paging })
}

/// `TIME~ID`, which a query holds as it is.
fn place(row: &ListedTask) -> String {
    let at = row.opened_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{at}~{}", row.task_id)
}

fn cursor(text: &str) -> Option<Cursor> {
    let (at, id) = text.split_once('~')?;
    Some(Cursor { opened_at: at.parse().ok()?, task_id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let opened_at = "2026-11-25T10:00:00.123456Z".parse().unwrap();
        let row = ListedTask { task_id: Uuid::now_v7(), kind: "loss".to_owned(), opened_at };
        assert_eq!(cursor(&place(&row)), Some(Cursor { opened_at, task_id: row.task_id }));
        for bad in ["", "yesterday~1", "2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z~\0"] {
            assert_eq!(cursor(bad), None, "{bad:?}");
        }
    }
}
