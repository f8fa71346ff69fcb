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
        texts::tone,
        view::View,
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
    view: View,
    story: Story,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: View,
    query: Result<Query<Who>, QueryRejection>,
) -> Result<Response, Failure> {
    match super::people::find(&admin, &query?.id).await? {
        Some(story) => page(&Person { view, story }),
        None => Ok(Redirect::to("/people?note=nobody").into_response()),
    }
}
