//! Rendering of pages, and answers without data: refusals, failures and the page for unknown paths.

use askama::Template;
use axum::{
    extract::rejection::{FormRejection, QueryRejection},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use shared::db::sqlstate;

use super::{page_context::PageContext, session::Visitor};
use crate::config::{Act, Role};

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the form is not from this session; go back, load the page again and repeat it")]
    Forged,
    #[error("your role is {}, and this needs the role {}", .0.as_str(), needed(*.1))]
    Role(Role, Act),
    #[error("there is no such form")]
    NoSuchForm,
    #[error("the form is too large")]
    TooLarge,
    #[error("the form is not complete; go back and fill it in")]
    Form,
}

/// Refuses what the visitor's role may not do.
pub(crate) fn allow(visitor: &Visitor, act: Act) -> Result<(), Refusal> {
    if visitor.role.may(act) { Ok(()) } else { Err(Refusal::Role(visitor.role, act)) }
}

/// The roles that may do it.
fn needed(act: Act) -> String {
    let names: Vec<&str> = act.roles().iter().map(|role| role.as_str()).collect();
    names.join(" or ")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = match self {
            Refusal::Forged | Refusal::Role(..) => StatusCode::FORBIDDEN,
            Refusal::NoSuchForm => StatusCode::NOT_FOUND,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Form => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (code, format!("Not done: {self}.\n")).into_response()
    }
}

/// What a page could not be made of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("Postgres: {}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the page could not be drawn")]
    Drawing,
}

impl From<askama::Error> for Failure {
    fn from(_: askama::Error) -> Self {
        Self::Drawing
    }
}

impl From<FormRejection> for Failure {
    fn from(_: FormRejection) -> Self {
        Self::Refused(Refusal::Form)
    }
}

impl From<QueryRejection> for Failure {
    fn from(_: QueryRejection) -> Self {
        Self::Refused(Refusal::Form)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::Database(error) => unavailable(&error),
            Failure::Refused(refusal) => refusal.into_response(),
            Failure::Drawing => {
                tracing::error!("a page of the dashboard could not be drawn");
                (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be drawn; see the log.\n")
                    .into_response()
            }
        }
    }
}

/// The page as an answer.
pub(crate) fn page(template: &impl Template) -> Result<Response, Failure> {
    Ok(Html(template.render()?).into_response())
}

/// Postgres does not answer.
pub(crate) fn unavailable(error: &sqlx::Error) -> Response {
    tracing::warn!(error = sqlstate(error), "a page of the dashboard needs Postgres");
    let text = "Postgres cannot be reached. Signups wait in RabbitMQ meanwhile; load the page again.\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    view: PageContext,
}

/// The page for an unknown path.
pub(crate) async fn not_found(view: PageContext) -> Result<Response, Failure> {
    let mut response = page(&Missing { view })?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
