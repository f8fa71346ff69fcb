//! The dashboard on `ADMIN_ADDR`: pages for operators, care staff and viewers. Only the login page and its files answer without a
//! login; every POST contains the session's token. Numbers are masked before they get here.

mod actions;
mod admin;
mod answer;
mod assets;
mod auth;
mod cached;
mod charts;
mod context;
mod conversation_forms;
mod conversation_media;
mod file_room;
mod format;
mod headers;
mod login_limit;
mod page_context;
mod pages;
mod password;
mod person_forms;
mod preferences;
mod session;
mod settling;
mod texts;
mod vouched;

use std::sync::Arc;

pub(crate) use admin::Admin;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
pub(crate) use context::Context;
pub(crate) use password::hash;

/// Every page. Serve it with the peer's address as connect info.
pub(crate) fn routes(admin: Admin) -> Router {
    let admin = Arc::new(admin);
    let inside = Router::new()
        .route("/", get(pages::overview::show))
        .route("/people", get(pages::people::show))
        .route("/search", get(pages::people::search))
        .route("/person", get(pages::person::show))
        .route("/person/act", post(person_forms::act))
        .route("/person/dates", post(person_forms::dates))
        .route("/inbox", get(pages::inbox::show))
        .route("/conversation", get(pages::conversation::show))
        .route("/conversation/reveal", post(conversation_forms::reveal))
        .route("/conversation/media", post(conversation_media::open))
        .route("/conversation/answer", post(conversation_forms::answer))
        .route("/conversation/take", post(conversation_forms::take))
        .route("/conversation/close", post(conversation_forms::close))
        .route("/tasks", get(pages::tasks::show))
        .route("/task", get(pages::task::show))
        .route("/tasks/close", post(person_forms::close))
        .route("/letters", get(pages::letters::show))
        .route("/letters/replay", post(actions::replay))
        .route("/unknown", get(pages::unknown::show))
        .route("/unknown/settle", post(actions::settle))
        .route("/unknown/settle-period", post(actions::settle_period))
        .route("/templates", get(pages::templates::show))
        .route("/audit", get(pages::audit::show))
        .route("/pause", post(actions::pause))
        .route("/resume", post(actions::resume))
        .route("/logout", post(actions::logout))
        .fallback(answer::not_found)
        .layer(from_fn_with_state(admin.clone(), auth::keep));
    Router::new()
        .route("/login", get(pages::login::show).post(pages::login::enter))
        .route("/assets/{name}", get(assets::serve))
        .merge(inside)
        .layer(DefaultBodyLimit::max(auth::MAX_BODY))
        .layer(from_fn(preferences::choose))
        .layer(from_fn(headers::harden))
        .with_state(admin)
}
