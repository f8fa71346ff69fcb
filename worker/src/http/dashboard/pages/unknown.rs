//! Unknown outcomes.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};

use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        settling::{Run, Stage},
    },
    store::needs_review::{self, ReviewItem},
};

/// More than an operator settles by hand at a time. The oldest come first.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "unknown.html")]
struct Unknown {
    view: PageContext,
    rows: Vec<ReviewItem>,
    run: Option<Run>,
}

pub(crate) async fn show(State(admin): State<Arc<Admin>>, view: PageContext) -> Result<Response, Failure> {
    let mut rows = needs_review::list(admin.pool()).await?;
    // Attempts that need review come first.
    rows.sort_by_key(|row| row.parked_at.is_none());
    rows.truncate(MOST);
    page(&Unknown { view, rows, run: admin.settling.last() })
}
