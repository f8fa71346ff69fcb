//! One user: state, consents, timeline, and what staff can do.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use shared::consent::{ledger::Effective, staff_tasks};
use uuid::Uuid;

use super::person_acts::PersonActs;
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        texts::tone,
    },
    store::inbox_pages,
    story::{Story, shown_consents},
};

#[derive(Deserialize)]
pub(crate) struct Who {
    id: String,
}

#[derive(Template)]
#[template(path = "person.html")]
struct Person {
    view: PageContext,
    story: Story,
    consents: Vec<Effective>,
    open_tasks: i64,
    open_talks: Vec<Uuid>,
    acts: PersonActs,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<Who>, QueryRejection>,
) -> Result<Response, Failure> {
    let Some(story) = super::people::find(&admin, &query?.id).await? else {
        return Ok(Redirect::to("/people?note=nobody").into_response());
    };
    let pool = admin.pool();
    let consents = shown_consents(pool, &story.user).await?;
    let open_tasks = staff_tasks::open_of_user(pool, &story.user).await?;
    let open_talks = inbox_pages::open_of_user(pool, &story.user).await?;
    let acts = PersonActs::of_user(&view, &story.user, story.number.is_some());
    page(&Person { view, story, consents, open_tasks, open_talks, acts })
}
