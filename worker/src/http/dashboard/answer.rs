//! Rendering of pages, and answers without data: refusals, failures and the page for unknown paths.

use askama::Template;
use axum::{
    extract::rejection::{FormRejection, QueryRejection},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use shared::db::sqlstate;

use super::page_context::PageContext;

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the form is not from this session; go back, load the page again and repeat it")]
    Forged,
    #[error("your role is viewer: ask an operator")]
    Viewer,
    #[error("the form is too large")]
    TooLarge,
    #[error("the form is not complete; go back and fill it in")]
    Form,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = match self {
            Refusal::Forged | Refusal::Viewer => StatusCode::FORBIDDEN,
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
