//! Dead letters, without anything of their content.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};

use super::{Before, Paging, limit};
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
    },
    store::dead_letters::find::{self, ListedLetter},
};

#[derive(Template)]
#[template(path = "letters.html")]
struct Letters {
    view: PageContext,
    rows: Vec<ListedLetter>,
    paging: Paging,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Response, Failure> {
    let before = query?.before;
    let mut rows = find::page(admin.pool(), before, limit()).await?;
    let paging = Paging::cut("/letters", before.is_some(), &mut rows, |row| format!("before={}", row.id));
    page(&Letters { view, rows, paging })
}
