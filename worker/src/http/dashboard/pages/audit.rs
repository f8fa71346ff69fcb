//! The audit log.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};

use super::{Before, Paging, limit};
use crate::{
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
    },
    store::audit::{self, AuditEntry},
};

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    view: PageContext,
    rows: Vec<AuditEntry>,
    paging: Paging,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Response, Failure> {
    let before = query?.before;
    let mut rows = audit::page(admin.pool(), before, limit()).await?;
    let paging = Paging::cut("/audit", before.is_some(), &mut rows, |row| format!("before={}", row.id));
    page(&Audit { view, rows, paging })
}
