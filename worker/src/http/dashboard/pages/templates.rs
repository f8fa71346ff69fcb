//! The templates of WhatsApp that are mapped, and whether each may be sent.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};

use crate::{
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
    },
    store::{
        contents,
        templates::{self, Mapped},
    },
    templates::Verdict,
};

struct Row {
    mapped: Mapped,
    verdict: Verdict,
}

impl Row {
    /// The word for the state. Two states of an approval share a name with states of users.
    fn state(&self) -> &'static str {
        match self.verdict.state() {
            "received" => "pending",
            state => state,
        }
    }
}

#[derive(Template)]
#[template(path = "templates.html")]
struct Templates {
    view: PageContext,
    rows: Vec<Row>,
    synced_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

pub(crate) async fn show(State(admin): State<Arc<Admin>>, view: PageContext) -> Result<Response, Failure> {
    let mapped = templates::mapped(admin.pool()).await?;
    let sync = contents::sync_state(admin.pool()).await?;
    let rows = mapped.into_iter().map(|mapped| Row { verdict: Verdict::of(&mapped), mapped }).collect();
    page(&Templates { view, rows, synced_at: sync.succeeded_at, error: sync.error })
}
