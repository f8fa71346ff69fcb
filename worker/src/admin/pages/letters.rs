//! Dead letters, without anything of their content.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};

use super::{Before, cut, limit};
use crate::{
    admin::{
        Admin,
        answer::{Failure, page},
        view::View,
    },
    store::letters,
};

#[derive(Template)]
#[template(path = "letters.html")]
struct Letters {
    view: View,
    rows: Vec<letters::Row>,
    later: bool,
    next: Option<i64>,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: View,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Response, Failure> {
    let before = query?.before;
    let mut rows = letters::page(admin.pool(), before, limit()).await?;
    let next = if cut(&mut rows) { rows.last().map(|r| r.id) } else { None };
    page(&Letters { view, rows, later: before.is_some(), next })
}
