//! One task, or the open ones of a user, with user and number. Viewers do not open them, and each look is audited.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use shared::consent::{
    ledger::{self, Effective},
    staff_tasks::{self, Task},
};
use uuid::Uuid;

use super::person_acts::PersonActs;
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, Refusal, allow, page},
        auth,
        page_context::PageContext,
        texts::tone,
    },
    story::Story,
};

#[derive(Deserialize)]
pub(crate) struct Asked {
    id: Option<Uuid>,
    /// The open tasks of this user.
    user: Option<String>,
}

#[derive(Template)]
#[template(path = "task.html")]
struct Opened {
    view: PageContext,
    /// Query of this page.
    query: String,
    tasks: Vec<Task>,
    /// None: the user is not stored, or none is known.
    story: Option<Story>,
    /// The user as the portal names them, and the masked number of the task.
    user: Option<String>,
    number: String,
    consents: Vec<Effective>,
    acts: PersonActs,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(asked) = query?;
    let Some(visitor) = &view.visitor else { return Err(Refusal::Forged.into()) };
    allow(visitor, Act::Tasks)?;
    // The script's own request does not count as a look: the page stays as it is.
    if auth::is_refresh(&headers) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let pool = admin.pool();
    let (tasks, query) = match (asked.id, &asked.user) {
        (Some(id), None) => {
            let task = staff_tasks::look(pool, id, &visitor.name).await?;
            (task.into_iter().collect(), format!("id={id}"))
        }
        (None, Some(user)) if !user.contains('\0') => {
            let query = format!("user={}", super::people::escaped(user));
            (staff_tasks::look_at_user(pool, user, &visitor.name).await?, query)
        }
        _ => return Err(Refusal::Form.into()),
    };
    let Some(first) = tasks.first() else {
        return Ok(Redirect::to("/tasks?note=no_such_task").into_response());
    };
    let user = asked.user.clone().or_else(|| first.user_id.clone());
    let story = match &user {
        Some(user) => Story::of_user(pool, user).await?,
        None => None,
    };
    let consents = match &user {
        Some(user) => ledger::effective(pool, user).await?,
        None => Vec::new(),
    };
    let of_user = asked.user.is_some() || first.is_of_user;
    let acts = match user.as_ref().filter(|_| of_user) {
        Some(user) => PersonActs::of_user(&view, user, story.as_ref().is_some_and(|s| s.number.is_some())),
        None => PersonActs::of_task(&view, first),
    };
    let number = view.masked(first.phone_e164.as_deref());
    page(&Opened { view, query, tasks, story, user, number, consents, acts })
}
