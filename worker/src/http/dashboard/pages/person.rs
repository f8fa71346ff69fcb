//! One user's timeline.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        texts::tone,
    },
    story::Story,
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
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<Who>, QueryRejection>,
) -> Result<Response, Failure> {
    match super::people::find(&admin, &query?.id).await? {
        Some(story) => page(&Person { view, story }),
        None => Ok(Redirect::to("/people?note=nobody").into_response()),
    }
}
